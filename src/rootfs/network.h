// The network files of each family of distributions (setup.h). Internal to the module.
#pragma once

#include "rootfs/setup.h"

namespace posada::rootfs {

struct Address {
  std::string ip;
  int prefix = 0;
  std::string cidr() const { return ip + "/" + std::to_string(prefix); }
  std::string netmask() const;  // IPv4
};

// One family of a card.
struct Place {
  enum class Way { none, manual, dhcp, automatic, fixed };
  Way way = Way::none;
  Address address;
  std::string gateway;
  bool gateway_outside = false;  // of the card's own network: it needs a route of its own
  bool fixed() const { return way == Way::fixed; }
};
Place ipv4(const Card& card);
Place ipv6(const Card& card);
bool is_configured(const Card& card);

// Debian, Devuan, Ubuntu, Alpine: /etc/network/interfaces. `with_prefix`: "address 10.0.0.5/24"
// instead of a line for the netmask.
std::string interfaces_text(const std::string& before, const std::vector<Card>& cards,
                            bool with_prefix);
void write_interfaces(const Files& files, const Setup& setup, bool with_prefix);
// systemd-networkd.
void write_networkd(const Files& files, const Setup& setup);
// CentOS to 9, and 10.
void write_ifcfg(const Files& files, const Setup& setup, const Chance& chance);
void write_connections(const Files& files, const Setup& setup, const Chance& chance);
// openSUSE.
void write_suse(const Files& files, const Setup& setup);

}  // namespace posada::rootfs
