// Choosing addresses that collide with nothing, and reading what dnsmasq and `ip` say.
#include <boost/asio/ip/network_v4.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "net/instance_network.h"

namespace posada::net {
namespace {

namespace ip = boost::asio::ip;

std::string address(unsigned second, unsigned third, unsigned last) {
  return fmt::format("10.{}.{}.{}", second, third, last);
}

// "10.1.2.0/24" or "10.1.2.3" of a route's line; nothing for "default".
std::optional<ip::network_v4> network_of(std::string_view line) {
  const std::vector<std::string> words = split_list(line, " \t");
  if (words.empty()) return std::nullopt;
  std::string text = words[0];
  // Route types such as "blackhole" stand before the network.
  if (words.size() > 1 && text.find('.') == std::string::npos) text = words[1];
  if (text.find('/') == std::string::npos) text += "/32";
  boost::system::error_code error;
  const ip::network_v4 network = ip::make_network_v4(text, error);
  if (error) return std::nullopt;
  return network;
}

bool overlap(const ip::network_v4& a, const ip::network_v4& b) {
  const unsigned shorter = std::min(a.prefix_length(), b.prefix_length());
  const std::uint32_t mask = shorter == 0 ? 0 : ~std::uint32_t{0} << (32 - shorter);
  return (a.address().to_uint() & mask) == (b.address().to_uint() & mask);
}

}  // namespace

Plan plan_for(const std::string& instance, unsigned attempt) {
  // The upper half of 10/8 is rarely used at home and at work; two /24 beside each other, one for
  // the guests and one for the link.
  const unsigned long hash = std::stoul(instance.substr(0, 8), nullptr, 16) + attempt * 7919UL;
  const auto second = static_cast<unsigned>(128 + hash % 127);
  const auto third = static_cast<unsigned>((hash >> 8) % 128 * 2);
  Plan plan;
  plan.network = address(second, third, 0);
  plan.gateway = address(second, third, 1);
  plan.first = address(second, third, 50);
  plan.last = address(second, third, 250);
  plan.link_network = address(second, third + 1, 0);
  plan.link_host = address(second, third + 1, 1);
  plan.link_inside = address(second, third + 1, 2);
  return plan;
}

bool collides(const Plan& plan, const std::string& routes) {
  const auto guests = ip::make_network_v4(plan.network + "/24");
  const auto link = ip::make_network_v4(plan.link_network + "/30");
  for (const std::string& line : split(routes, '\n')) {
    if (trim(line).empty() || line.starts_with("default")) continue;
    const auto used = network_of(line);
    // A default route in other words ("0.0.0.0/1") covers everything and forbids nothing.
    if (!used || used->prefix_length() <= 1) continue;
    if (used->prefix_length() <= 8)
      continue;  // a whole company's 10/8 behind a VPN: ours is longer
    if (overlap(*used, guests) || overlap(*used, link)) return true;
  }
  return false;
}

std::vector<Lease> parse_leases(const std::string& text) {
  // "1764217200 bc:24:11:00:00:01 10.77.4.50 name client-id"
  std::vector<Lease> leases;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split_list(line, " ");
    if (words.size() < 4 || !to_integer(words[0])) continue;
    leases.push_back({.mac = lower(words[1]),
                      .address = words[2],
                      .host_name = words[3] == "*" ? "" : words[3],
                      .expires = *to_integer(words[0])});
  }
  return leases;
}

}  // namespace posada::net
