// Where a node keeps its things, and the few settings that are not in the store.
//
// With `--root DIR` everything lies under DIR, so that nodes live side by side on one machine;
// without it the places of the file-system standard are used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace posada::app {

// User ids of this instance's guests, chosen by its id so that two nodes on a machine never share
// one: a user for each running machine, then 65,536 ids for each container.
struct UidRange {
  unsigned first = 0;
  unsigned machines = 0;
  unsigned first_container = 0;
  unsigned containers = 0;
};

struct Settings {
  std::string root;         // the folder given, absolute; empty: the system's own places
  std::string data;         // store, keys, tasks, RRD files
  std::string local;        // the storage `local`
  std::string run;          // sockets and what is true until the next boot; short: a socket's path
                            // has at most 107 bytes
  std::string log;
  std::string programs;     // folder of posada-front, posada-worker, posada-lxc
  std::string page;         // built web page
  std::string openapi;      // generated description of the API
  std::string instance;     // 8 hex digits, of the root folder: names every host-global thing
  std::string node;         // the node's name
  std::string address = "127.0.0.1";
  std::uint16_t port = 8006;
  bool privileged = false;  // we are root
  bool private_downloads = false;  // download-url may reach addresses of private networks

  std::string admin_socket() const { return run + "/admin.sock"; }
  std::string front_socket() const { return run + "/front.sock"; }
  UidRange uid_range() const;
  std::string credentials() const;  // the file for scripts and clients
};

// From the command line's values and the file posada.toml; throws Error naming a bad setting.
struct Overrides {
  std::string root;
  std::string node;
  std::string address;
  std::optional<std::uint16_t> port;
};
Settings load_settings(const Overrides& overrides);

// The node that a command means: --root, then POSADA_ROOT, then `.posada` in this folder or one
// above it, then the system's own node.
std::string find_root(const std::string& given);

}  // namespace posada::app
