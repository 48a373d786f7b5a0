// Name resolution of the machine: /etc/hosts and /etc/resolv.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct Resolver {
  std::string search;
  std::vector<std::string> servers;  // at most three count
};
Resolver parse_resolver(std::string_view text);
// `text` with these servers and search domain; every other line stays as it is.
std::string change_resolver(std::string_view text, const Resolver& resolver);

// What is wrong with a hosts file; nothing when it is right.
std::optional<std::string> hosts_fault(std::string_view text);

struct HostsFile {
  std::string text;
  std::string digest;  // sha1
};
HostsFile read_hosts(const Host& host);
// Throws Error::parameter("data", …) naming the line, and Error `text.changed` for an old digest.
void write_hosts(const Host& host, const std::string& text, const std::string& digest);

Resolver read_resolver(const Host& host);
void write_resolver(const Host& host, const Resolver& resolver);

}  // namespace posada::host
