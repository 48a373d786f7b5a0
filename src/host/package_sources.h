// Where the machine's packages come from: /etc/apt/sources.list, and the files *.list and *.sources
// beside it. Reading is lax: a line that is none is told as an error of its file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct PackageSource {
  std::vector<std::string> types, uris, suites, components;
  std::vector<std::pair<std::string, std::vector<std::string>>> options;
  std::string comment;
  bool enabled = true;
};

struct SourceFile {
  std::string path;
  bool deb822 = false;  // *.sources
  std::string digest;   // sha256, raw bytes
  std::vector<PackageSource> sources;
  std::string error;  // empty: all of it was understood
};

std::vector<SourceFile> read_package_sources(const Host& host);
// SHA-256 in hex over the files' digests.
std::string digest_of(const std::vector<SourceFile>& files);
// Switches one entry of a file on or off. Throws Error::parameter for a path or index that is not
// among them, and Error `text.changed` for an old digest.
void enable_package_source(const Host& host, const std::string& path, std::size_t index,
                           bool enabled, const std::string& digest);

// Pure.
SourceFile parse_one_line_sources(std::string_view text);
SourceFile parse_deb822_sources(std::string_view text);

}  // namespace posada::host
