// What a container's own files must say before it runs: its name, its resolvers, its addresses in
// the way of its distribution, and once, when it is made, root's password and keys and what a
// container's init must not do.
//
// Pure but for the files, random numbers and uuids that come in. Called by the helper that unpacks
// a template (`prepare_new`) and by the one that starts a container (`prepare_start`), inside the
// container's user namespace and root folder. Doing it again changes nothing. Throws Error with the
// file's name when the guest has put something in its place.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "rootfs/files.h"

namespace posada::rootfs {

struct Card {
  std::string name;                // inside: "eth0"
  std::string address, gateway;    // "10.0.0.5/24", "dhcp", "manual" or empty
  std::string address6, gateway6;  // also "auto"
};

struct Setup {
  std::string distribution;  // the config's ostype; empty: what the files say
  std::string hostname;
  std::vector<std::string> search_domains, name_servers;
  std::vector<Card> cards;  // by number
  std::int64_t terminals = 2;
  std::string time_zone;  // "Europe/Madrid"; empty: the guest's own
};
Setup setup_from(const json::object& order);
json::object to_json(const Setup& setup);

struct Account {
  std::string password_hash;  // empty: as in the template
  std::string ssh_keys;
  std::int64_t today = 0;  // days since 1970
};

struct Chance {
  std::function<double()> number;     // 0 … 1
  std::function<std::string()> uuid;  // a new one
};

Chance real_chance();

struct System {
  std::string distribution;  // debian ubuntu devuan centos fedora opensuse archlinux alpine gentoo
                             // nixos, or unmanaged
  std::string version;
};
System detect(const Files& files);

void prepare_start(const Files& files, const Setup& setup, const Chance& chance);
void prepare_new(const Files& files, const Setup& setup, const Account& account,
                 const Chance& chance);

}  // namespace posada::rootfs
