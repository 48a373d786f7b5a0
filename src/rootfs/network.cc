#include "rootfs/network.h"

#include <array>

#include <arpa/inet.h>

#include <fmt/format.h>

#include "base/text.h"

namespace posada::rootfs {

namespace {

using Bytes = std::array<unsigned char, 16>;

Bytes bytes_of(const std::string& ip, int family) {
  Bytes result{};
  ::inet_pton(family, ip.c_str(), result.data());
  return result;
}

bool within(const std::string& ip, const Address& network, int family) {
  const Bytes one = bytes_of(ip, family), other = bytes_of(network.ip, family);
  for (int bit = 0; bit < network.prefix; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((one.at(byte) & mask) != (other.at(byte) & mask)) return false;
  }
  return true;
}

Place place(const std::string& address, const std::string& gateway, int family) {
  Place result;
  if (address == "manual") result.way = Place::Way::manual;
  if (address == "dhcp") result.way = Place::Way::dhcp;
  if (address == "auto") result.way = Place::Way::automatic;
  if (const std::size_t slash = address.find('/'); slash != std::string::npos) {
    result.way = Place::Way::fixed;
    result.address.ip = address.substr(0, slash);
    result.address.prefix = static_cast<int>(to_integer(address.substr(slash + 1)).value_or(0));
    result.gateway = gateway;
    const bool local = family == AF_INET6 && within(gateway, {"fe80::", 10}, family);
    result.gateway_outside = !gateway.empty() && !local && !within(gateway, result.address, family);
  }
  return result;
}

const char* yes_no(bool value) {
  return value ? "true" : "false";
}

std::string ifcfg_text(const Card& card, const Setup& setup, const std::string& uuid) {
  const Place four = ipv4(card), six = ipv6(card);
  std::string text = "DEVICE=" + card.name + "\nONBOOT=yes\nUUID=" + uuid + "\n";
  text += four.way == Place::Way::dhcp ? "BOOTPROTO=dhcp\n" : "BOOTPROTO=none\n";
  if (four.fixed()) {
    text += "IPADDR=" + four.address.ip + "\nNETMASK=" + four.address.netmask() + "\n";
    if (!four.gateway.empty()) text += "GATEWAY=" + four.gateway + "\n";
  }
  if (six.fixed()) {
    text += "IPV6INIT=yes\nIPV6ADDR=" + six.address.cidr() + "\nIPV6_AUTOCONF=no\n";
    if (!six.gateway.empty() && !six.gateway_outside)
      text += "IPV6_DEFAULTGW=" + six.gateway + "\n";
  } else if (six.way == Place::Way::automatic) {
    text += "IPV6INIT=yes\nIPV6_AUTOCONF=yes\n";
  } else if (six.way == Place::Way::dhcp) {
    text += "IPV6INIT=yes\nDHCPV6C=yes\nIPV6_AUTOCONF=no\n";
  }
  for (std::size_t index = 0; index < setup.name_servers.size(); ++index)
    text += fmt::format("DNS{}={}\n", index + 1, setup.name_servers[index]);
  if (!setup.search_domains.empty()) text += "DOMAIN=" + join(setup.search_domains, " ") + "\n";
  return text;
}

// The value after "KEY" at the start of a line.
std::string value_of(const std::string& text, std::string_view key) {
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return {};
}

std::string connection_part(const Place& place, const Setup& setup, bool six) {
  using Way = Place::Way;
  std::string text = six ? "[ipv6]\n" : "[ipv4]\n";
  if (place.way == Way::dhcp || place.way == Way::automatic)
    return text + (six && place.way == Way::dhcp ? "method=dhcp\n" : "method=auto\n");
  if (!place.fixed()) return text + "method=disabled\n";
  text += std::string("method=manual\n") + (six ? "address=" : "addresses=") +
          place.address.cidr() + "\n";
  if (!place.gateway.empty() && !(six && place.gateway_outside))
    text += "gateway=" + place.gateway + "\n";
  if (place.gateway_outside) text += "routes=" + place.gateway + "\n";
  if (six) return text;
  if (!setup.name_servers.empty()) text += "dns=" + join(setup.name_servers, ";") + "\n";
  if (!setup.search_domains.empty()) text += "dns-search=" + join(setup.search_domains, ";") + "\n";
  return text;
}

std::string suse_routes(const Card& card) {
  std::string text;
  const Place four = ipv4(card), six = ipv6(card);
  if (four.gateway_outside) text += four.gateway + " 0.0.0.0 255.255.255.255 " + card.name + "\n";
  if (!four.gateway.empty()) text += "default " + four.gateway + " 0.0.0.0 " + card.name + "\n";
  if (six.gateway_outside) text += six.gateway + "/128 - - " + card.name + "\n";
  if (!six.gateway.empty()) text += "default " + six.gateway + " - " + card.name + "\n";
  return text;
}

}  // namespace

std::string Address::netmask() const {
  std::array<int, 4> bytes{};
  for (int bit = 0; bit < prefix && bit < 32; ++bit)
    bytes.at(static_cast<std::size_t>(bit / 8)) |= 0x80 >> (bit % 8);
  return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
}

Place ipv4(const Card& card) {
  return place(card.address, card.gateway, AF_INET);
}
Place ipv6(const Card& card) {
  return place(card.address6, card.gateway6, AF_INET6);
}
bool is_configured(const Card& card) {
  return ipv4(card).way != Place::Way::none || ipv6(card).way != Place::Way::none;
}

void write_networkd(const Files& files, const Setup& setup) {
  using Way = Place::Way;
  for (const Card& card : setup.cards) {
    if (!is_configured(card)) continue;
    const Place four = ipv4(card), six = ipv6(card);
    const bool dhcp4 = four.way == Way::dhcp, dhcp6 = six.way == Way::dhcp;
    const char* dhcp = dhcp4 && dhcp6 ? "yes" : dhcp4 ? "ipv4" : dhcp6 ? "ipv6" : "no";
    std::string text = "[Match]\nName = " + card.name + "\n\n[Network]\nDescription = Interface " +
                       card.name + " autoconfigured by PVE\nDHCP = " + dhcp + "\n";
    text += std::string("IPv6AcceptRA = ") + yes_no(six.way == Way::automatic) + "\n";
    std::string routes;
    for (const Place& one : {four, six}) {
      if (one.fixed()) text += "Address = " + one.address.cidr() + "\n";
      if (!one.gateway.empty()) text += "Gateway = " + one.gateway + "\n";
      if (one.gateway_outside)
        routes += "\n[Route]\nDestination = " + one.gateway +
                  (one.gateway.find(':') == std::string::npos ? "/32" : "/128") +
                  "\nScope = link\n";
    }
    files.write("/etc/systemd/network/" + card.name + ".network", text + routes);
  }
}

void write_ifcfg(const Files& files, const Setup& setup, const Chance& chance) {
  const std::string folder = "/etc/sysconfig/network-scripts/";
  for (const Card& card : setup.cards) {
    if (!is_configured(card)) continue;
    const std::string known = value_of(files.text(folder + "ifcfg-" + card.name), "UUID=");
    files.write(folder + "ifcfg-" + card.name,
                ifcfg_text(card, setup, known.empty() ? chance.uuid() : known));
    for (const auto& [place, name] :
         {std::pair(ipv4(card), "route-"), std::pair(ipv6(card), "route6-")}) {
      const std::string& gateway = place.gateway;
      put_marked(files, folder + name + card.name,
                 place.gateway_outside ? gateway + " dev " + card.name + "\ndefault via " +
                                             gateway + " dev " + card.name + "\n"
                                       : "");
    }
  }
}

void write_connections(const Files& files, const Setup& setup, const Chance& chance) {
  for (const Card& card : setup.cards) {
    if (!is_configured(card)) continue;
    const std::string path =
        "/etc/NetworkManager/system-connections/" + card.name + ".nmconnection";
    const std::string known = value_of(files.text(path), "uuid=");
    files.write(
        path,
        "[connection]\nid=" + card.name + "\nuuid=" + (known.empty() ? chance.uuid() : known) +
            "\ntype=ethernet\ninterface-name=" + card.name + "\n" +
            connection_part(ipv4(card), setup, false) + connection_part(ipv6(card), setup, true),
        0600);
  }
}

void write_suse(const Files& files, const Setup& setup) {
  using Way = Place::Way;
  for (const Card& card : setup.cards) {
    const Place four = ipv4(card), six = ipv6(card);
    const auto works = [](const Place& place) {
      return place.way != Way::none && place.way != Way::manual;
    };
    const bool dhcp4 = four.way == Way::dhcp, dhcp6 = six.way == Way::dhcp;
    std::string text = works(four) || works(six) ? "STARTMODE=onboot\n" : "STARTMODE=manual\n";
    text += std::string("BOOTPROTO=") +
            (dhcp4 && dhcp6 ? "dhcp"
             : dhcp4        ? "dhcp4"
             : dhcp6        ? "dhcp6"
                            : "static") +
            "\n";
    if (four.fixed() && six.fixed())
      text += "IPADDR_1=" + four.address.cidr() + "\nIPADDR_2=" + six.address.cidr() + "\n";
    else if (four.fixed() || six.fixed())
      text += "IPADDR=" + (four.fixed() ? four : six).address.cidr() + "\n";
    files.write("/etc/sysconfig/network/ifcfg-" + card.name, text);
    put_marked(files, "/etc/sysconfig/network/ifroute-" + card.name, suse_routes(card));
  }
}

}  // namespace posada::rootfs
