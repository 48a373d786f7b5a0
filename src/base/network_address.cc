#include "base/network_address.h"

#include <array>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace posada {
namespace {

namespace ip = boost::asio::ip;

// IANA's registries of special-purpose addresses.
constexpr std::array<const char*, 16> special_v4 = {
    "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
    "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",   "255.255.255.255/32"};

bool is_public(const ip::address_v4& address) {
  for (const char* text : special_v4) {
    const ip::network_v4 network = ip::make_network_v4(text);
    const std::uint32_t mask = network.netmask().to_uint();
    if ((address.to_uint() & mask) == network.network().to_uint()) return false;
  }
  return true;
}

bool is_public(const ip::address_v6& address) {
  const ip::address_v6::bytes_type bytes = address.to_bytes();
  // Only 2000::/3 is the internet; of it, 6to4 and Teredo hide an IPv4 address, 2001:db8 is text.
  if ((bytes[0] & 0xe0) != 0x20) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return false;
  if (bytes[0] == 0x20 && bytes[1] == 0x01) {
    if (bytes[2] == 0x0d && bytes[3] == 0xb8) return false;
    if (bytes[2] < 0x02) return false;  // 2001::/23, protocol assignments
  }
  return true;
}

}  // namespace

bool is_public_address(std::string_view text) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(text, error);
  if (error) return false;
  if (address.is_v4()) return is_public(address.to_v4());
  return is_public(address.to_v6());
}

}  // namespace posada
