#include "rootfs/setup.h"

#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"
#include "rootfs/network.h"
#include "sys/file.h"

namespace posada::rootfs {

namespace {

// "/etc/hosts" has a line for this address.
bool names_address(const std::string& hosts, std::string_view address) {
  for (const std::string& line : split(hosts, '\n')) {
    const auto words = split_list(line, " \t");
    if (words.size() > 1 && words[0] == address) return true;
  }
  return false;
}

void write_hosts(const Files& files, const Setup& setup) {
  const std::string path = "/etc/hosts";
  std::string kept;
  for (const std::string& line : split(without_marked(files.text(path)), '\n')) {
    // A template's placeholder for the name of its container.
    if (line.find("LXC_NAME") == std::string::npos) kept += line + "\n";
  }
  if (!kept.empty()) kept.pop_back();
  std::string body;
  for (const char* address : {"127.0.0.1", "::1"}) {
    if (!names_address(kept, address))
      body += std::string(address) + " localhost.localnet localhost\n";
  }
  std::string own = "127.0.1.1";
  if (!setup.cards.empty()) {
    const Place four = ipv4(setup.cards.front()), six = ipv6(setup.cards.front());
    if (four.fixed() || six.fixed()) own = (four.fixed() ? four : six).address.ip;
  }
  const std::string host = setup.hostname.substr(0, setup.hostname.find('.'));
  if (host.empty())
    body += own + " localhost\n";
  else if (host != setup.hostname)
    body += own + " " + setup.hostname + " " + host + "\n";
  else if (!setup.search_domains.empty())
    body += own + " " + host + "." + setup.search_domains.front() + " " + host + "\n";
  else
    body += own + " " + host + "\n";
  if (!kept.empty() && !kept.ends_with('\n')) kept += '\n';
  // Our lines stay where they stand when nothing else has changed.
  const std::string before = files.text(path);
  if (without_marked(before) == kept)
    put_marked(files, path, body);
  else
    files.write(path, kept + marked(body));
}

void write_resolvers(const Files& files, const Setup& setup) {
  std::string body;
  if (!setup.search_domains.empty()) body += "search " + join(setup.search_domains, " ") + "\n";
  for (const std::string& server : setup.name_servers) body += "nameserver " + server + "\n";
  if (!body.empty()) put_marked(files, "/etc/resolv.conf", body, Rest::goes);
}

void write_hostname(const Files& files, const Setup& setup, const System& system) {
  if (setup.hostname.empty()) return;
  const std::string host = setup.hostname.substr(0, setup.hostname.find('.'));
  files.write("/etc/hostname", host + "\n");
  if (system.distribution == "gentoo")
    files.write("/etc/conf.d/hostname", "hostname=\"" + host + "\"\n");
}

double version_number(const System& system) {
  return std::strtod(system.version.c_str(), nullptr);
}

bool has_networkd(const Files& files) {
  return files.exists("/usr/lib/systemd/systemd-networkd") ||
         files.exists("/lib/systemd/systemd-networkd");
}

void write_network(const Files& files, const Setup& setup, const System& system,
                   const Chance& chance) {
  const std::string& name = system.distribution;
  const double version = version_number(system);
  if (name == "fedora" || name == "archlinux") {
    write_networkd(files, setup);
  } else if (name == "centos" && version >= 10) {
    write_connections(files, setup, chance);
  } else if (name == "centos") {
    write_ifcfg(files, setup, chance);
    if (version < 7)
      files.write("/etc/sysconfig/network",
                  "NETWORKING=yes\nNETWORKING_IPV6=yes\nHOSTNAME=" + setup.hostname + "\n");
  } else if (name == "opensuse") {
    write_suse(files, setup);
  } else if (name == "alpine") {
    write_interfaces(files, setup, false);
  } else if (name == "debian" || name == "ubuntu" || name == "devuan") {
    const bool ifupdown = files.exists("/sbin/ifup") || files.exists("/usr/sbin/ifup");
    if (!ifupdown && has_networkd(files))
      write_networkd(files, setup);
    else
      write_interfaces(files, setup, name == "devuan" ? version >= 3 : version >= 10);
  }
}

void write_time_zone(const Files& files, const Setup& setup) {
  if (setup.time_zone.empty()) return;
  const std::string target = "/usr/share/zoneinfo/" + setup.time_zone;
  if (setup.time_zone.find("..") != std::string::npos || !files.exists(target)) return;
  files.link(target, "/etc/localtime");
  if (files.exists("/etc/timezone")) files.write("/etc/timezone", setup.time_zone + "\n");
}

System system_of(const Files& files, const Setup& setup) {
  System system = detect(files);
  if (!setup.distribution.empty()) system.distribution = setup.distribution;
  return system;
}

// The init of System V: a console on each terminal, an end on power failure.
void write_inittab(const Files& files, const Setup& setup) {
  const std::string path = "/etc/inittab";
  const auto old = files.read(path);
  if (!old) return;
  std::string text;
  for (const std::string& line : split(*old, '\n')) {
    const auto fields = split(line, ':');
    const bool terminal =
        fields.size() >= 4 && to_integer(fields[0]) && fields[3].find("getty") != std::string::npos;
    const bool power = fields.size() >= 4 && fields[2].starts_with("power");
    if (!terminal && !power) text += line + "\n";
  }
  while (text.ends_with("\n\n")) text.pop_back();
  text += "p0::powerfail:/sbin/init 0\n";
  for (std::int64_t number = 1; number <= setup.terminals; ++number)
    text += fmt::format("{0}:{1}:respawn:/sbin/getty --noclear 38400 tty{0}\n", number,
                        number == 1 ? "2345" : "23");
  files.write(path, text);
}

// Root may sign in on the terminals of a container.
void write_secure_terminals(const Files& files) {
  const std::string path = "/etc/securetty";
  const auto old = files.read(path);
  if (!old) return;
  std::string text = *old;
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  const std::string padded = "\n" + text;
  for (const char* name : {"lxc/console", "lxc/tty1", "lxc/tty2", "lxc/tty3", "lxc/tty4"}) {
    if (padded.find("\n" + std::string(name) + "\n") == std::string::npos)
      text += std::string(name) + "\n";
  }
  files.write(path, text);
}

// What systemd does at its first start in here.
void write_preset(const Files& files, bool networkd) {
  std::string text =
      "# Added by PVE at create-time for first-boot configuration.\n"
      "enable container-getty@.service\n"
      "disable getty@.service\n"
      "disable sys-kernel-config.mount\n"
      "disable sys-kernel-debug.mount\n";
  if (networkd) text += "enable systemd-networkd.service\n";
  files.write("/etc/systemd/system-preset/00-pve.preset", text);
}

void write_once_for_redhat(const Files& files, const System& system) {
  if (system.distribution == "centos") {
    const std::string path = "/etc/rc.d/rc.sysinit";
    if (const auto old = files.read(path)) {
      std::string text = "\n" + *old;
      const std::string device_start = "\n/sbin/start_udev";
      for (std::size_t at = 0; (at = text.find(device_start, at)) != std::string::npos; at += 2)
        text.insert(at + 1, "#");
      files.write(path, text.substr(1), 0755);
    }
    if (version_number(system) >= 8 && !files.exists("/etc/locale.conf"))
      files.write("/etc/locale.conf", "LANG=C.utf8");
  }
  if (system.distribution == "fedora" || version_number(system) >= 7)
    write_preset(files, system.distribution == "fedora");
}

// Debian's daily work of all containers must not begin in the same minute.
void spread_daily_work(const Files& files, const Chance& chance) {
  const std::string path = "/etc/crontab";
  const auto old = files.read(path);
  if (!old) return;
  constexpr int minutes = 59;
  auto lines = split(*old, '\n');
  for (std::string& line : lines) {
    const std::size_t end = line.find_first_not_of("0123456789");
    const bool timed = end != std::string::npos && end > 0 && line[end] == ' ';
    if (timed && line.find("run-parts --report /etc/cron.") != std::string::npos)
      line = std::to_string(static_cast<int>(chance.number() * minutes)) + line.substr(end);
  }
  files.write(path, join(lines, "\n"));
}

std::string home_of_root(const Files& files) {
  for (const std::string& line : split(files.text("/etc/passwd"), '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() >= 6 && fields[0] == "root" && fields[5].starts_with('/')) return fields[5];
  }
  return "/root";
}

void write_account(const Files& files, const Account& account) {
  if (!account.password_hash.empty()) {
    const std::string path = "/etc/shadow";
    auto lines = split(files.text(path), '\n');
    bool found = false;
    for (std::string& line : lines) {
      auto fields = split(line, ':');
      if (fields.size() < 3 || fields[0] != "root") continue;
      fields[1] = account.password_hash;
      fields[2] = std::to_string(account.today);
      line = join(fields, ":");
      found = true;
    }
    if (!found)
      lines.insert(lines.begin(),
                   fmt::format("root:{}:{}:0:99999:7:::", account.password_hash, account.today));
    files.write(path, join(lines, "\n"), 0600);
  }
  if (!account.ssh_keys.empty()) {
    std::string keys = account.ssh_keys;
    if (!keys.ends_with('\n')) keys += '\n';
    put_marked(files, home_of_root(files) + "/.ssh/authorized_keys", keys, Rest::stays, 0600);
  }
}

std::vector<std::string> texts_of(const json::object& object, std::string_view name) {
  std::vector<std::string> result;
  if (const json::value* list = object.if_contains(name); list && list->is_array()) {
    for (const json::value& item : list->get_array()) result.push_back(text_of(item));
  }
  return result;
}

json::array array_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

}  // namespace

Setup setup_from(const json::object& order) {
  const auto text = [](const json::object& object, std::string_view name) {
    return text_member(object, name).value_or("");
  };
  Setup setup;
  setup.distribution = text(order, "distribution");
  setup.hostname = text(order, "hostname");
  setup.search_domains = texts_of(order, "search_domains");
  setup.name_servers = texts_of(order, "name_servers");
  setup.terminals = integer_member(order, "terminals").value_or(setup.terminals);
  setup.time_zone = text(order, "time_zone");
  if (const json::value* cards = order.if_contains("cards")) {
    for (const json::value& item : cards->as_array()) {
      const json::object& card = item.as_object();
      setup.cards.push_back({text(card, "name"), text(card, "address"), text(card, "gateway"),
                             text(card, "address6"), text(card, "gateway6")});
    }
  }
  return setup;
}

json::object to_json(const Setup& setup) {
  json::array cards;
  for (const Card& card : setup.cards)
    cards.push_back({{"name", card.name},
                     {"address", card.address},
                     {"gateway", card.gateway},
                     {"address6", card.address6},
                     {"gateway6", card.gateway6}});
  return {{"distribution", setup.distribution},
          {"hostname", setup.hostname},
          {"search_domains", array_of(setup.search_domains)},
          {"name_servers", array_of(setup.name_servers)},
          {"cards", std::move(cards)},
          {"terminals", setup.terminals},
          {"time_zone", setup.time_zone}};
}

Chance real_chance() {
  const auto number = [] {
    const std::string bytes = sys::random_bytes(2);
    return (static_cast<unsigned char>(bytes[0]) * 256 + static_cast<unsigned char>(bytes[1])) /
           65536.0;
  };
  return {number, sys::random_uuid};
}

void prepare_start(const Files& files, const Setup& setup, const Chance& chance) {
  const System system = system_of(files, setup);
  if (system.distribution == "unmanaged") return;
  write_hostname(files, setup, system);
  write_hosts(files, setup);
  write_resolvers(files, setup);
  write_network(files, setup, system, chance);
  write_time_zone(files, setup);
  if (system.distribution == "debian" || system.distribution == "devuan")
    write_inittab(files, setup);
}

void prepare_new(const Files& files, const Setup& setup, const Account& account,
                 const Chance& chance) {
  const System system = system_of(files, setup);
  if (system.distribution != "unmanaged") {
    write_secure_terminals(files);
    if (system.distribution == "centos" || system.distribution == "fedora")
      write_once_for_redhat(files, system);
    if (system.distribution == "debian") spread_daily_work(files, chance);
    prepare_start(files, setup, chance);
  }
  write_account(files, account);
}

}  // namespace posada::rootfs
