// The named formats of the API: what a text must look like to be a node name, a guest id, a
// network, a mail address … Pure functions on one text; whether the thing exists is not asked.
//
// A name with `-list` takes several values separated by commas, semicolons or spaces, one with
// `-opt` may be empty. Property strings (formats with keys) are in base/property_string.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posada {

// Nothing when `text` is of that format, else what is wrong in the words of the wire, with the
// line feed that it ends with there. Unknown formats throw std::logic_error: they are a mistake
// in the API description.
std::optional<std::string> check_format(std::string_view format, std::string_view text);
bool is_known_format(std::string_view format);
// "pve-node-list" and its like: values are split before they are checked.
bool is_list_format(std::string_view format);

bool is_node_name(std::string_view text);
bool is_guest_number(std::string_view text);  // 100 … 999999999
bool is_config_id(std::string_view text);     // two characters at least, the first a letter
bool is_storage_id(std::string_view text);
bool is_user_id(std::string_view text);  // user@realm
bool is_realm_name(std::string_view text);
bool is_token_id(std::string_view text);     // user@realm!token
bool is_pool_id(std::string_view text);      // up to three names joined by '/'
bool is_access_name(std::string_view text);  // groups and roles
bool is_tag(std::string_view text);
bool is_volume_id(std::string_view text);  // storage:name
bool is_disk_size(std::string_view text);  // number with K, M, G or T
bool is_url_encoded(std::string_view text);
bool is_calendar_event(std::string_view text);
bool is_job_id(std::string_view text);  // replication: 100-0

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
bool is_ip(std::string_view text);
// address/prefix with a prefix from `lowest` on; 8 is what interfaces and sets ask for.
bool is_ipv4_network(std::string_view text, int lowest = 8);
bool is_ipv6_network(std::string_view text, int lowest = 8);
bool is_network(std::string_view text);
bool is_mac_address(std::string_view text);  // unicast, with colons
bool is_mac_prefix(std::string_view text);   // up to three bytes of one
bool is_dns_name(std::string_view text);
bool is_mail_address(std::string_view text);
bool is_interface_name(std::string_view text);
bool is_bridge_name(std::string_view text);
bool is_vlan_range(std::string_view text);  // 1 … 4094, or two of them joined by '-'
// What firewall rules take: addresses, ranges, aliases and +sets of one address family.
bool is_firewall_addresses(std::string_view text);
bool is_firewall_ports(std::string_view text);

}  // namespace posada
