// What kind of network an address belongs to.
#pragma once

#include <string_view>

namespace posada {

// True for an address of the public internet. False for loopback, link-local (cloud metadata
// lives there), private, shared, multicast, documentation and other special networks, for IPv4
// addresses dressed as IPv6, and for what is no address.
bool is_public_address(std::string_view text);

}  // namespace posada
