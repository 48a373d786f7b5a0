// The command line of posada-front.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace posada::front {

struct Settings {
  std::string socket;  // the daemon's socket for fronts
  std::string listen;  // ADDRESS:PORT; an empty address is every address, IPv6 and IPv4
  std::optional<int> listen_descriptor;  // bound and listening, instead of `listen`
  std::string certificate;               // PEM, with its chain
  std::string key;
  std::string page;     // folder; empty: no page
  std::string openapi;  // file; empty: none
  std::string user;     // empty: posada, or nobody where there is none; only root changes
  bool help = false;
};

// Throws Error that names the option and says what would be right.
Settings parse_settings(const std::vector<std::string>& arguments);
std::string usage();

}  // namespace posada::front
