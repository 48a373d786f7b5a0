#include "ct/guest_files.h"

#include "base/text.h"
#include "sys/file.h"

namespace posada::ct {

HostNames host_names(const std::string& resolv_conf, const std::string& time_zone) {
  HostNames result;
  result.time_zone = trim(time_zone);
  for (const std::string& line : split(resolv_conf, '\n')) {
    auto words = split_list(line, " \t");
    if (words.size() < 2) continue;
    // A resolver on the host's own loopback is out of a container's reach.
    if (words[0] == "nameserver" && !words[1].starts_with("127.") && words[1] != "::1")
      result.name_servers.push_back(words[1]);
    if (words[0] == "search" || words[0] == "domain")
      result.search_domains.assign(words.begin() + 1, words.end());
  }
  return result;
}

HostNames names_of_host() {
  return host_names(sys::read_file_if_exists("/etc/resolv.conf").value_or(""),
                    sys::read_file_if_exists("/etc/timezone").value_or(""));
}

rootfs::Setup setup_of(GuestId id, const guest::ConfigSection& config, const HostNames& host) {
  rootfs::Setup setup;
  setup.distribution = config.get("ostype");
  setup.hostname = hostname(config, id);
  setup.search_domains = split_list(config.get("searchdomain"));
  setup.name_servers = split_list(config.get("nameserver"));
  if (setup.search_domains.empty() && setup.name_servers.empty()) {
    setup.search_domains = host.search_domains;
    setup.name_servers = host.name_servers;
  }
  for (const NetworkCard& card : cards(config)) {
    if (card.get("host-managed") == "1") continue;
    setup.cards.push_back({std::string(card.get("name")), std::string(card.get("ip")),
                           std::string(card.get("gw")), std::string(card.get("ip6")),
                           std::string(card.get("gw6"))});
  }
  setup.terminals = integer(config, "tty", 2);
  setup.time_zone = config.get("timezone");
  if (setup.time_zone == "host") setup.time_zone = host.time_zone;
  return setup;
}

}  // namespace posada::ct
