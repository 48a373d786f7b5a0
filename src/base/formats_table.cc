#include "base/formats_table.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/formats.h"
#include "base/text.h"

namespace posada {

namespace {

using namespace formats_detail;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool anything(std::string_view) {
  return true;
}
bool is_not_empty(std::string_view text) {
  return !text.empty();
}

bool is_address(std::string_view text) {
  return is_ip(text) || is_dns_name(text);
}
bool is_full_range_network(std::string_view text) {
  return is_ipv4_network(text, 0) || is_ipv6_network(text, 0);
}
bool is_any_ipv4_network(std::string_view text) {
  return is_ipv4_network(text);
}
bool is_any_ipv6_network(std::string_view text) {
  return is_ipv6_network(text);
}
bool is_ip_or_network(std::string_view text) {
  return is_ip(text) || is_full_range_network(text);
}
bool is_ip_network_or_alias(std::string_view text) {
  if (text.starts_with("dc/")) return is_config_id(text.substr(3));
  if (text.starts_with("guest/")) return is_config_id(text.substr(6));
  return is_ip_or_network(text) || is_config_id(text);
}
bool is_ipv4_mask(std::string_view text) {
  if (auto length = to_integer(text)) return *length >= 0 && *length <= 32 && is_digits(text);
  if (!is_ipv4(text)) return false;
  std::uint32_t bits = 0;
  for (const std::string& part : split(text, '.')) {
    bits = bits << 8 | static_cast<std::uint32_t>(*to_integer(part));
  }
  std::uint32_t inverted = ~bits;
  return (inverted & (inverted + 1)) == 0;
}
bool is_ipv4_config(std::string_view text) {
  return is_one_of(text, {"dhcp", "manual"}) || is_ipv4_network(text);
}
bool is_ipv6_config(std::string_view text) {
  return is_one_of(text, {"auto", "dhcp", "manual"}) || is_ipv6_network(text);
}
bool is_ip_with_link_interface(std::string_view text) {
  std::size_t percent = text.find('%');
  if (percent == std::string_view::npos) return is_ip(text) || text == "host";
  return is_ipv6(text.substr(0, percent)) && is_interface_name(text.substr(percent + 1));
}
bool is_mail_or_user(std::string_view text) {
  return is_mail_address(text) || (is_user_id(text) && text.size() <= 64);
}

bool is_absolute_path(std::string_view text) {
  if (!text.starts_with('/') || !has_no_control(text)) return false;
  for (const std::string& part : split(text, '/')) {
    if (part == "..") return false;
  }
  return true;
}
bool is_storage_path(std::string_view text) {
  return is_absolute_path(text) && made_of(text, "-/_.@");
}
bool is_volume_or_path(std::string_view text) {
  return is_absolute_path(text) || is_volume_id(text);
}
bool is_drive_file(std::string_view text) {
  return is_one_of(text, {"none", "cdrom"}) || is_volume_or_path(text);
}
// A volume, or a path without '.' and '..' on its way.
bool is_mount_source(std::string_view text) {
  if (text.empty() || !has_no_control(text) || text.find(',') != std::string_view::npos) {
    return false;
  }
  for (const std::string& part : split(text, '/')) {
    if (part == "." || part == "..") {
      return false;
    }
  }
  return true;
}
bool is_device_path(std::string_view text) {
  return text.size() > 5 && text.starts_with("/dev/") && is_absolute_path(text);
}
bool is_content(std::string_view text) {
  return is_one_of(text,
                   {"images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none"});
}
bool is_folder_override(std::string_view text) {
  std::size_t equals = text.find('=');
  return equals != std::string_view::npos && is_content(text.substr(0, equals)) &&
         is_absolute_path("/" + std::string(text.substr(equals + 1)));
}
bool is_portal(std::string_view text) {
  std::string_view host = text;
  std::size_t colon = text.rfind(':');
  bool bracketed = text.starts_with('[');
  if (bracketed || std::count(text.begin(), text.end(), ':') == 1) {
    std::string_view port = bracketed && text.ends_with(']') ? "1" : text.substr(colon + 1);
    auto number = to_integer(port);
    if (!is_digits(port) || !number || *number < 1 || *number > 65535) return false;
    host = bracketed ? text.substr(1, std::min(text.find(']'), text.size()) - 1)
                     : text.substr(0, colon);
  }
  return is_address(host);
}
bool is_volume_group(std::string_view text) {
  return made_of(text, "-+_.") && text.front() != '-' && !is_one_of(text, {".", ".."});
}
bool is_block_size(std::string_view text) {
  if (!text.empty() && has("kKmMgG", text.back())) text.remove_suffix(1);
  return is_digits(text);
}
bool is_pair_of(std::string_view text, bool (*accepts)(std::string_view)) {
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return text == "1" || accepts(text);
  return accepts(text.substr(0, colon)) && accepts(text.substr(colon + 1));
}
bool is_storage_pair(std::string_view text) {
  return is_pair_of(text, is_storage_id);
}
bool is_bridge_pair(std::string_view text) {
  return is_pair_of(text, is_bridge_name);
}

bool is_cpu_set(std::string_view text) {
  std::vector<std::string> parts = split(text, ',');
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    std::vector<std::string> ends = split(part, '-');
    if (ends.empty() || ends.size() > 2) return false;
    for (const std::string& end : ends) {
      if (!is_digits(end) || end.size() > 5) return false;
    }
    return ends.size() == 1 || *to_integer(ends[0]) <= *to_integer(ends[1]);
  });
}
bool is_hotplug(std::string_view text) {
  if (is_one_of(text, {"0", "1"})) return true;
  std::vector<std::string> parts = split_list(text);
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return is_one_of(part, {"network", "disk", "cpu", "memory", "usb", "cloudinit"});
  });
}
bool is_physical_bits(std::string_view text) {
  auto number = to_integer(text);
  return text == "host" || (is_digits(text) && number && *number >= 8 && *number <= 64);
}
bool is_boot_disk(std::string_view text) {
  std::size_t digits = text.find_first_of("0123456789");
  return digits != std::string_view::npos && is_digits(text.substr(digits)) &&
         is_one_of(text.substr(0, digits), {"ide", "sata", "scsi", "virtio"});
}
bool is_time_zone(std::string_view text) {
  return text == "host" || (made_of(text, "_+-/") && is_letter(text.front()));
}

bool is_ha_resource(std::string_view text) {
  return (text.starts_with("vm:") || text.starts_with("ct:")) && is_guest_number(text.substr(3));
}
bool is_ha_resource_or_guest(std::string_view text) {
  return is_guest_number(text) || is_ha_resource(text);
}
bool is_ha_node(std::string_view text) {
  std::size_t colon = text.find(':');
  return is_node_name(text.substr(0, colon)) &&
         (colon == std::string_view::npos || is_digits(text.substr(colon + 1)));
}
bool is_day(std::string_view text) {
  return is_one_of(text, {"mon", "tue", "wed", "thu", "fri", "sat", "sun"});
}
bool is_task_state(std::string_view text) {
  return is_one_of(text, {"ok", "error", "warning", "unknown"});
}
bool is_privilege(std::string_view text) {
  return made_of(text, ".");
}
bool is_conntrack_helper(std::string_view text) {
  std::vector<std::string> parts = split_list(text);
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return is_one_of(part,
                     {"amanda", "ftp", "irc", "netbios-ns", "pptp", "sane", "sip", "snmp", "tftp"});
  });
}
bool is_protocol(std::string_view text) {
  return made_of(text, "-+.") && text.size() <= 32;
}
bool is_icmp_type(std::string_view text) {
  return made_of(text, "-/") && text.size() <= 64;
}
bool is_fabric_id(std::string_view text) {
  return made_of(text, "") && text.size() >= 2 && text.size() <= 8 && is_letter(text.front());
}
bool is_routing_name(std::string_view text) {
  return made_of(text, "-_") && text.size() <= 64 && is_letter(text.front());
}
bool is_subnet_id(std::string_view text) {
  // zone-address-prefix, or the network itself while it is being made.
  return is_full_range_network(text) || made_of(text, "-.:_");
}
bool is_isis_net(std::string_view text) {
  return made_of(text, ".");
}
bool is_route_target(std::string_view text) {
  std::size_t colon = text.rfind(':');
  return colon != std::string_view::npos && is_digits(text.substr(colon + 1)) &&
         (is_digits(text.substr(0, colon)) || is_ipv4(text.substr(0, colon)));
}
bool is_attribute(std::string_view text) {
  return made_of(text, "-") && is_letter(text.front());
}
bool is_graphite_path(std::string_view text) {
  return made_of(text, "-_.") || text.empty();
}
bool is_pem(std::string_view text) {
  return text.find("-----BEGIN ") != std::string_view::npos &&
         text.find("-----END ") != std::string_view::npos;
}
bool is_acme_domain(std::string_view text) {
  return is_dns_name(text.starts_with("*.") ? text.substr(2) : text);
}
bool is_acme_alias(std::string_view text) {
  return is_dns_name(text.starts_with("_acme-challenge.") ? text.substr(16) : text);
}

// Sorted by name.
constexpr auto rows = std::to_array<NamedFormat>({
    {"CIDR", is_network, "value does not look like a valid CIDR network"},
    {"CIDRv4", is_any_ipv4_network, "value does not look like a valid IPv4 network"},
    {"CIDRv6", is_any_ipv6_network, "value does not look like a valid IPv6 network"},
    {"FullRangeCIDR", is_full_range_network, "value does not look like a valid CIDR network"},
    {"IPorCIDR", is_ip_or_network, "value does not look like a valid IP address or CIDR network"},
    {"IPorCIDRorAlias", is_ip_network_or_alias,
     "value does not look like a valid IP address, CIDR network or alias"},
    {"address", is_address, "value does not look like a valid address: %"},
    {"bridge-pair", is_bridge_pair, "'%' is not a valid pair of bridges"},
    {"disk-size", is_disk_size, "value does not look like a valid disk size: %"},
    {"dns-name", is_dns_name, "value does not look like a valid DNS name"},
    {"email", is_mail_address, "value does not look like a valid email address"},
    {"email-or-username", is_mail_or_user,
     "value does not look like a valid email address or user name"},
    {"graphite-path", is_graphite_path, "value does not look like a valid graphite path"},
    {"ip", is_ip, "value does not look like a valid IP address"},
    {"ipv4", is_ipv4, "value does not look like a valid IPv4 address"},
    {"ipv4mask", is_ipv4_mask, "value does not look like a valid IP netmask"},
    {"ipv6", is_ipv6, "value does not look like a valid IPv6 address"},
    {"ldap-simple-attr", is_attribute, "value '%' does not look like a simple ldap attribute name"},
    {"lxc-ip-with-ll-iface", is_ip_with_link_interface,
     "value does not look like a valid IP address"},
    {"mac-addr", is_mac_address, "value does not look like a valid unicast MAC address"},
    {"mac-prefix", is_mac_prefix, "value is not a valid unicast MAC address prefix"},
    {"pem-certificate-chain", is_pem, "value does not look like a valid PEM certificate chain"},
    {"pem-string", is_pem, "value does not look like a valid PEM text"},
    {"pve-acme-alias", is_acme_alias, "value does not look like a valid domain name"},
    {"pve-acme-domain", is_acme_domain, "value does not look like a valid domain name"},
    {"pve-bridge-id", is_bridge_name, "value does not look like a valid bridge name"},
    {"pve-calendar-event", is_calendar_event, "unable to parse calendar event"},
    {"pve-command-batch", is_not_empty, "command batch must not be empty"},
    {"pve-configid", is_config_id, "invalid configuration ID '%'"},
    {"pve-cpuset", is_cpu_set, "value does not look like a valid CPU set: %"},
    {"pve-ct-timezone", is_time_zone, "invalid time zone '%'"},
    {"pve-day-of-week", is_day, "invalid day '%'"},
    {"pve-dir-override", is_folder_override, "invalid override '%'"},
    {"pve-fw-addr-spec", is_firewall_addresses, "invalid address list '%'"},
    {"pve-fw-conntrack-helper", is_conntrack_helper, "unknown connection tracking helper in '%'"},
    {"pve-fw-dport-spec", is_firewall_ports, "invalid port list '%'"},
    {"pve-fw-icmp-type-spec", is_icmp_type, "unknown icmp-type '%'"},
    {"pve-fw-protocol-spec", is_protocol, "unknown protocol '%'"},
    {"pve-fw-sport-spec", is_firewall_ports, "invalid port list '%'"},
    {"pve-groupid", is_access_name, "group name '%' contains invalid characters"},
    {"pve-ha-node", is_ha_node, "value does not look like a valid node name with priority"},
    {"pve-ha-resource-id", is_ha_resource, "value does not look like a valid HA resource ID"},
    {"pve-ha-resource-or-vm-id", is_ha_resource_or_guest,
     "value does not look like a valid HA resource or VM ID"},
    {"pve-hotplug-features", is_hotplug, "unable to parse hotplug option"},
    {"pve-iface", is_interface_name, "invalid network interface name '%'"},
    {"pve-ipv4-config", is_ipv4_config,
     "value does not look like a valid ipv4 network configuration"},
    {"pve-ipv6-config", is_ipv6_config,
     "value does not look like a valid ipv6 network configuration"},
    {"pve-lxc-dev-string", is_device_path, "unable to parse device path '%'"},
    {"pve-lxc-mp-string", is_mount_source, "value does not look like a valid volume or mount path"},
    {"pve-node", is_node_name, "value does not look like a valid node name"},
    {"pve-phys-bits", is_physical_bits, "value must be an integer from 8 to 64 or 'host'"},
    {"pve-poolid", is_pool_id, "pool name '%' contains invalid characters"},
    {"pve-priv", is_privilege, "invalid privilege '%'"},
    {"pve-qm-bootdisk", is_boot_disk, "invalid boot disk '%'"},
    {"pve-realm", is_realm_name, "value does not look like a valid realm"},
    {"pve-replication-job-id", is_job_id, "value does not look like a valid replication job ID"},
    {"pve-roleid", is_access_name, "role name '%' contains invalid characters"},
    {"pve-sdn-bgp-rt", is_route_target, "'%' is not a valid route target"},
    {"pve-sdn-fabric-id", is_fabric_id, "fabric ID '%' contains illegal characters"},
    {"pve-sdn-isis-net", is_isis_net, "'%' is not a valid ISIS network entity title"},
    {"pve-sdn-prefix-list-id", is_routing_name, "prefix list ID '%' contains illegal characters"},
    {"pve-sdn-route-map-id", is_routing_name, "route map ID '%' contains illegal characters"},
    {"pve-sdn-subnet-id", is_subnet_id, "value does not look like a valid subnet ID"},
    {"pve-storage-content", is_content, "invalid content type '%'"},
    {"pve-storage-id", is_storage_id, "storage ID '%' contains illegal characters"},
    {"pve-storage-options", has_no_control, "options contain control characters"},
    {"pve-storage-path", is_storage_path, "value does not look like a valid absolute path"},
    {"pve-storage-path-in-property-string", is_storage_path,
     "value does not look like a valid absolute path"},
    {"pve-storage-portal-dns", is_portal, "value does not look like a valid portal address"},
    {"pve-storage-server", is_address,
     "value does not look like a valid server name or IP address"},
    {"pve-storage-vgname", is_volume_group, "lvm name '%' contains illegal characters"},
    {"pve-storage-zfs-blocksize", is_block_size, "value does not look like a valid block size"},
    {"pve-tag", is_tag, "invalid characters in tag"},
    {"pve-task-status-type", is_task_state, "invalid status type '%'"},
    {"pve-tokenid", is_token_id, "value '%' does not look like a valid token ID"},
    {"pve-userid", is_user_id, "value '%' does not look like a valid user name"},
    {"pve-vlan-id-or-range", is_vlan_range, "invalid VLAN ID or range '%'"},
    {"pve-vmid", is_guest_number, "value does not look like a valid VM ID"},
    {"pve-volume-id", is_volume_id, "unable to parse volume ID '%'"},
    {"pve-volume-id-or-absolute-path", is_volume_or_path, "unable to parse volume ID '%'"},
    {"pve-volume-id-or-qm-path", is_drive_file, "unable to parse volume ID '%'"},
    {"storage-pair", is_storage_pair, "'%' is not a valid pair of storages"},
    {"string", anything, ""},
    {"urlencoded", is_url_encoded, "value is not a valid URL-encoded text"},
});

}  // namespace

std::span<const NamedFormat> formats_detail::table() {
  return rows;
}

}  // namespace posada
