#include "vm/cloudinit.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/property_formats.h"
#include "base/text.h"
#include "image/iso9660.h"
#include "vm/config.h"
#include "vm/config_edit.h"
#include "vm/machine_type.h"

namespace posada::vm {

using guest::property;

namespace {

const guest::PropertyFormat& ipconfig_format() {
  static const guest::PropertyFormat format(formats::pve_qm_ipconfig);
  return format;
}

// A YAML scalar that means this text and nothing else.
std::string yaml_text(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    result += c;
    if (c == '\'') result += c;
  }
  return result + "'";
}

struct Names {
  std::string host, full;  // `full` may be empty
};

Names names_of(GuestId id, const guest::ConfigSection& config) {
  const std::string name(config.get("name", "VM" + id.text()));
  const std::size_t dot = name.find('.');
  if (dot != std::string::npos) return {name.substr(0, dot), name};
  const auto domains = split_list(config.get("searchdomain"), " ,;");
  return {name, domains.empty() || !config.has("name") ? "" : name + "." + domains.front()};
}

std::vector<std::string> keys_of(const guest::ConfigSection& config) {
  std::vector<std::string> keys;
  for (const std::string& line : split(decode_percent(config.get("sshkeys")), '\n')) {
    if (const auto key = trim(line); !key.empty()) keys.emplace_back(key);
  }
  return keys;
}

std::string user_data(GuestId id, const guest::ConfigSection& config) {
  const Names names = names_of(id, config);
  std::string text =
      "#cloud-config\nhostname: " + yaml_text(names.host) + "\nmanage_etc_hosts: true\n";
  if (!names.full.empty()) text += "fqdn: " + yaml_text(names.full) + "\n";
  const std::string_view user = config.get("ciuser");
  if (!user.empty()) text += "user: " + yaml_text(user) + "\n";
  if (user == "root") text += "disable_root: false\n";
  if (config.has("cipassword")) text += "password: " + yaml_text(config.get("cipassword")) + "\n";
  if (const auto keys = keys_of(config); !keys.empty()) {
    text += "ssh_authorized_keys:\n";
    for (const std::string& key : keys) text += "  - " + yaml_text(key) + "\n";
  }
  text += "chpasswd:\n  expire: false\n";
  if (user != "root") text += "users:\n  - default\n";
  if (flag(config, "ciupgrade", true)) text += "package_upgrade: true\n";
  return text;
}

struct Card {
  int number = 0;
  std::string mac;  // lower case
  guest::Properties addresses;
};

std::vector<Card> cards_of(const guest::ConfigSection& config) {
  std::vector<Card> cards;
  for (int i = 0; i < 32; ++i) {
    const std::string number = std::to_string(i);
    if (!config.has("net" + number)) continue;
    Card card;
    card.number = i;
    card.mac = lower(property(net_format().parse(config.get("net" + number)), "macaddr"));
    card.addresses = ipconfig_format().parse(config.get("ipconfig" + number));
    if (!card.addresses.contains("ip") && !card.addresses.contains("ip6")) {
      card.addresses["ip"] = "dhcp";
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

struct Address {
  std::string host, mask;  // of IPv4: 255.255.255.0; of IPv6 the length
};

Address split_address(std::string_view cidr) {
  const std::size_t slash = cidr.find('/');
  if (slash == std::string_view::npos) return {std::string(cidr), ""};
  const std::string host(cidr.substr(0, slash)), length(cidr.substr(slash + 1));
  if (host.find(':') != std::string::npos) return {host, length};
  const auto bits = std::clamp<std::int64_t>(to_integer(length).value_or(32), 0, 32);
  const std::uint32_t mask = bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits);
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += (text.empty() ? "" : ".") + std::to_string((mask >> shift) & 255U);
  }
  return {host, text};
}

host::Resolver resolver_of(const guest::ConfigSection& config, const host::Resolver& of_host) {
  host::Resolver result;
  if (!config.has("nameserver") && !config.has("searchdomain")) {
    result = of_host;
    // The host's own loopback is out of a guest's reach.
    std::erase_if(result.servers, [](const std::string& server) {
      return server.starts_with("127.") || server == "::1";
    });
    return result;
  }
  result.servers = split_list(config.get("nameserver"), " ,;");
  result.search = join(split_list(config.get("searchdomain"), " ,;"), " ");
  return result;
}

std::string subnet(std::string_view value, std::string_view gateway, bool six) {
  const std::string lead = "      - type: ";
  if (value == "dhcp") return lead + (six ? "dhcp6" : "dhcp4") + "\n";
  if (value == "auto") return lead + "ipv6_slaac\n";
  const Address address = split_address(value);
  std::string text = lead + (six ? "static6" : "static") + "\n        address: " +
                     yaml_text(six ? value : std::string_view(address.host)) + "\n";
  if (!six) text += "        netmask: " + yaml_text(address.mask) + "\n";
  if (!gateway.empty()) text += "        gateway: " + yaml_text(gateway) + "\n";
  return text;
}

std::string network_data(const guest::ConfigSection& config, const host::Resolver& of_host) {
  std::string text = "version: 1\nconfig:\n";
  for (const Card& card : cards_of(config)) {
    text += "    - type: physical\n      name: eth" + std::to_string(card.number) +
            "\n      mac_address: " + yaml_text(card.mac) + "\n      subnets:\n";
    for (const bool six : {false, true}) {
      const std::string_view value = property(card.addresses, six ? "ip6" : "ip");
      if (value.empty()) continue;
      text += subnet(value, property(card.addresses, six ? "gw6" : "gw"), six);
    }
  }
  const host::Resolver resolver = resolver_of(config, of_host);
  const auto domains = split_list(resolver.search, " ");
  if (resolver.servers.empty() && domains.empty()) return text;
  text += "    - type: nameserver\n";
  const auto list = [&](const char* name, const std::vector<std::string>& items) {
    if (items.empty()) return;
    text += std::string("      ") + name + ":\n";
    for (const std::string& item : items) text += "      - " + yaml_text(item) + "\n";
  };
  list("address", resolver.servers);
  list("search", domains);
  return text;
}

// The same in the words of Debian's /etc/network/interfaces, for a ConfigDrive.
std::string interfaces_data(const guest::ConfigSection& config, const host::Resolver& of_host) {
  std::string text = "auto lo\niface lo inet loopback\n\n";
  for (const Card& card : cards_of(config)) {
    const std::string name = "eth" + std::to_string(card.number);
    text += "auto " + name + "\n";
    for (const bool six : {false, true}) {
      const std::string_view value = property(card.addresses, six ? "ip6" : "ip");
      if (value.empty()) continue;
      text += "iface " + name + (six ? " inet6 " : " inet ");
      if (value == "dhcp" || value == "auto") {
        text += std::string(value) + "\n";
        continue;
      }
      const Address address = split_address(value);
      text +=
          "static\n        address " + address.host + "\n        netmask " + address.mask + "\n";
      if (const auto gateway = property(card.addresses, six ? "gw6" : "gw"); !gateway.empty()) {
        text += "        gateway " + std::string(gateway) + "\n";
      }
    }
    text += "\n";
  }
  const host::Resolver resolver = resolver_of(config, of_host);
  if (!resolver.servers.empty()) {
    text += "        dns_nameservers " + join(resolver.servers, " ") + "\n";
  }
  if (!resolver.search.empty()) text += "        dns_search " + resolver.search + "\n";
  return text;
}

bool is_config_drive(const guest::ConfigSection& config) {
  const bool windows = windows_version(config.get("ostype")) > 0;
  return config.get("citype", windows ? "configdrive2" : "nocloud") == "configdrive2";
}

// What stands for a part: a snippet, or what is made of the config.
std::string either(const Snippets& snippets, const char* part, std::string made) {
  const auto own = snippets.find(part);
  return own == snippets.end() ? std::move(made) : own->second;
}

// cloud-init takes a guest with another id for a new one, and sets it up anew.
std::string identity(GuestId id, const guest::ConfigSection& config, const host::Resolver& resolver,
                     const Snippets& snippets) {
  return sha1_hex(either(snippets, "user", user_data(id, config)) +
                  either(snippets, "network", network_data(config, resolver)));
}

bool matters(std::string_view key) {
  static constexpr std::array<std::string_view, 9> keys = {
      "cicustom",   "ciuser",       "cipassword", "citype", "ciupgrade",
      "nameserver", "searchdomain", "sshkeys",    "name"};
  return std::find(keys.begin(), keys.end(), key) != keys.end() || is_net_key(key) ||
         (key.starts_with("ipconfig") && guest::split_number(key));
}

}  // namespace

std::string cloudinit_text(GuestId id, const guest::ConfigSection& config, CloudInitPart part,
                           const host::Resolver& resolver, const Snippets& snippets) {
  const bool drive = is_config_drive(config);
  if (part == CloudInitPart::user) return either(snippets, "user", user_data(id, config));
  if (part == CloudInitPart::network) {
    return either(snippets, "network",
                  drive ? interfaces_data(config, resolver) : network_data(config, resolver));
  }
  const std::string instance = identity(id, config, resolver, snippets);
  if (!drive) return either(snippets, "meta", "instance-id: " + instance + "\n");
  return either(snippets, "meta",
                json::serialize(json::object{
                    {"uuid", instance}, {"network_config", {{"content_path", "/content/0000"}}}}));
}

std::string cloudinit_disc(GuestId id, const guest::ConfigSection& config,
                           const host::Resolver& resolver, const Snippets& snippets) {
  const auto text = [&](CloudInitPart part) {
    return cloudinit_text(id, config, part, resolver, snippets);
  };
  const auto vendor = snippets.find("vendor");
  if (is_config_drive(config)) {
    image::DiscFiles files = {{"openstack/latest/meta_data.json", text(CloudInitPart::meta)},
                              {"openstack/latest/user_data", text(CloudInitPart::user)},
                              {"openstack/content/0000", text(CloudInitPart::network)}};
    if (vendor != snippets.end())
      files.emplace("openstack/latest/vendor_data.json", vendor->second);
    return image::iso9660("config-2", files);
  }
  image::DiscFiles files = {{"meta-data", text(CloudInitPart::meta)},
                            {"network-config", text(CloudInitPart::network)},
                            {"user-data", text(CloudInitPart::user)}};
  if (vendor != snippets.end()) files.emplace("vendor-data", vendor->second);
  return image::iso9660("cidata", files);
}

guest::Values cloudinit_values(const guest::ConfigSection& config) {
  guest::Values values;
  for (const auto& [key, value] : config.values) {
    if (matters(key)) values[key] = value;
  }
  return values;
}

json::array cloudinit_pending(const guest::GuestConfig& config) {
  const auto written = config.special.find("cloudinit");
  const guest::Values none;
  const guest::Values& old = written == config.special.end() ? none : written->second.values;
  const guest::Values now = cloudinit_values(config.next());
  std::set<std::string> keys;
  for (const auto& [key, value] : old) keys.insert(key);
  for (const auto& [key, value] : now) keys.insert(key);
  const auto shown = [](const std::string& key, const std::string& value) {
    return key == "cipassword" ? json::value("**********") : json::value(value);
  };
  json::array rows;
  for (const std::string& key : keys) {
    json::object row = {{"key", key}};
    const auto before = old.find(key), after = now.find(key);
    if (before != old.end()) row["value"] = shown(key, before->second);
    if (after == now.end()) {
      row["delete"] = 1;
    } else if (before == old.end() || before->second != after->second) {
      row["pending"] = shown(key, after->second);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace posada::vm
