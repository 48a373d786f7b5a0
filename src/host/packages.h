// The machine's Debian packages: what is installed, what could be updated, from where.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct Package {
  std::string name, version, old_version, architecture, origin, section, priority, title,
      description;
  bool installed = false;
};

// Of the packages named, in their order; what is not installed has no version.
sys::Async<std::vector<Package>> package_versions(Host& host, std::vector<std::string> names);
// By the lists as they were last refreshed.
sys::Async<std::vector<Package>> available_updates(Host& host);
// `version` empty: the newest. The text may be fetched from the package's archive.
sys::Async<std::string> package_changelog(Host& host, std::string name, std::string version);
// Fetches the lists anew; `log` gets apt's lines.
sys::Async<void> refresh_package_lists(Host& host, std::function<void(std::string)> log);

// Pure.
// Lines "Inst NAME [OLD] (NEW ORIGIN [ARCH])" of a simulated upgrade.
std::vector<Package> parse_upgrade(std::string_view text);
// Paragraphs of `apt-cache show` by package name, the first of each.
std::map<std::string, std::map<std::string, std::string>> parse_paragraphs(std::string_view text);

}  // namespace posada::host
