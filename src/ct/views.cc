// What the API shows of containers, and the ways into a running one (containers.h).
#include "guest/views.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "guest/properties.h"
#include "storage/volume_id.h"
#include "sys/channel.h"
#include "sys/file.h"

namespace posada::ct {

namespace {

constexpr sys::Milliseconds helper_patience(10000);

json::object basic_status(GuestId id, const guest::ConfigSection& config, unsigned host_cpus) {
  json::object status{{"vmid", id.number},
                      {"name", hostname(config, id)},
                      {"type", "lxc"},
                      {"status", "stopped"},
                      {"cpus", integer(config, "cores", host_cpus)},
                      {"maxmem", integer(config, "memory", 512) * mebibyte},
                      {"maxswap", integer(config, "swap", 512) * mebibyte},
                      {"maxdisk", 0}};
  if (const double limit = number(config, "cpulimit", 0); limit > 0) status["cpus"] = limit;
  if (config.has("rootfs")) {
    const auto root = parse_mount("rootfs", config.get("rootfs"));
    const auto size = root.options.find("size");
    if (size != root.options.end()) status["maxdisk"] = guest::parse_size(size->second).value_or(0);
  }
  for (const char* key :
       {"cpu", "mem", "swap", "disk", "diskread", "diskwrite", "netin", "netout", "uptime"})
    status[key] = 0;
  if (config.has("tags")) status["tags"] = config.get("tags");
  if (config.has("lock")) status["lock"] = config.get("lock");
  if (flag(config, "template", false)) status["template"] = 1;
  return status;
}

void add_figures(json::object& status, const Running& run, std::int64_t now) {
  const Figures& figures = run.figures;
  status["status"] = "running";
  if (run.frozen) status["suspended"] = 1;
  status["pid"] = run.init;
  status["uptime"] = std::max<std::int64_t>(0, now - run.started);
  status["cpu"] = figures.cpu;
  status["mem"] = figures.memory;
  status["swap"] = figures.swap;
  status["disk"] = figures.disk_used;
  if (figures.disk_total > 0) status["maxdisk"] = figures.disk_total;
  status["diskread"] = figures.disk_read;
  status["diskwrite"] = figures.disk_written;
  status["netin"] = figures.net_in;
  status["netout"] = figures.net_out;
}

sys::Async<void> run_terminal(std::string program, std::string folder, int number, int socket) {
  sys::Command command;
  command.arguments = {std::move(program), "terminal", std::move(folder), std::to_string(number)};
  command.descriptors[3] = socket;
  const auto finished = co_await sys::run(std::move(command), {}, helper_patience);
  if (finished.status != 0) throw Error::failed("ct.console", std::string(trim(finished.errors)));
}

}  // namespace

json::object Containers::summary(const guest::Record& record) const {
  json::object status =
      basic_status(record.id, state_->config(record).config.main, state_->host().cpus);
  if (const auto run = state_->find(record.id)) {
    add_figures(status, *run, state_->parts.clock.wall_seconds());
  }
  return status;
}

sys::Async<json::object> Containers::status(GuestId id) {
  const auto self = state_;
  const auto record = self->require(id);
  json::object status = basic_status(id, self->config(record).config.main, self->host().cpus);
  status["ha"] = {{"managed", 0}};
  const auto run = self->find(id);
  if (!run) co_return status;
  if (run->figures.sampled.count() == 0) co_await State::sample(self, run);
  add_figures(status, *run, self->parts.clock.wall_seconds());
  co_return status;
}

json::object Containers::config(GuestId id, bool current, const std::string& snapshot) const {
  const ParsedConfig& parsed = state_->config(state_->require(id));
  if (snapshot.empty() && !current) return shown_config(parsed.config.next(), parsed.digest);
  return shown_config(guest::section_of(parsed.config, snapshot), parsed.digest);
}

json::array Containers::pending(GuestId id) const {
  return guest::shown_pending(state_->config(state_->require(id)), shown_value);
}

json::array Containers::snapshots(GuestId id) const {
  return guest::shown_snapshots(state_->config(state_->require(id)), running(id), false);
}

json::object Containers::feature(GuestId id, const std::string& feature) const {
  const auto& config = state_->config(state_->require(id)).config.main;
  // Copies need a container that is off; a link needs every volume to be a base that can carry one.
  bool has = feature == "copy";
  if (feature == "clone" && flag(config, "template", false)) {
    has = true;
    for (const MountPoint& mount : mounts(config)) {
      has = has && mount.names_volume() &&
            state_->parts.storages.can_link(storage::parse_volume_id(mount.source()));
    }
  }
  return {{"hasFeature", has ? 1 : 0}};
}

sys::Async<json::array> Containers::interfaces(GuestId id) {
  const auto self = state_;
  self->require(id);
  self->require_running(id);
  sys::Command command;
  command.arguments = attach_command(id, {"ip", "-o", "addr", "show"});
  const auto finished = co_await sys::run_checked(std::move(command), {}, helper_patience);
  // "2: eth0    inet 10.0.0.5/24 brd … scope global …"
  std::map<std::string, json::object> found;
  const auto& config = self->config(self->require(id)).config.main;
  for (const std::string& line : split(finished.output, '\n')) {
    const auto words = split_list(line, " ");
    if (words.size() < 4 || (words[2] != "inet" && words[2] != "inet6")) continue;
    json::object& entry = found[words[1]];
    entry["name"] = words[1];
    const std::size_t slash = words[3].find('/');
    if (!entry.contains(words[2])) entry[words[2]] = words[3];
    if (!entry.contains("ip-addresses")) entry["ip-addresses"] = json::array();
    entry["ip-addresses"].as_array().push_back(
        {{"ip-address", words[3].substr(0, slash)},
         {"ip-address-type", words[2]},
         {"prefix",
          slash == std::string::npos ? 0 : to_integer(words[3].substr(slash + 1)).value_or(0)}});
  }
  json::array result;
  for (auto& [name, entry] : found) {
    std::string address = "00:00:00:00:00:00";
    for (const NetworkCard& card : cards(config)) {
      if (card.get("name") == name) address = lower(card.get("hwaddr"));
    }
    entry["hwaddr"] = address;
    entry["hardware-address"] = address;
    result.push_back(std::move(entry));
  }
  co_return result;
}

sys::Async<sys::Fd> Containers::console(GuestId id) {
  const auto self = state_;
  self->require(id);
  const auto run = self->require_running(id);
  const std::string mode(run->config.get("cmode", "tty"));
  const int number = mode == "console" ? 0 : 1;
  // The viewer before loses the terminal; its own end stays open until it notices.
  run->terminal_reservation.reset();
  auto ends = sys::socket_pair();
  sys::Channel channel(self->parts.executor, std::move(ends.first));
  co_await run_terminal(self->settings.program, self->folder(id), number, ends.second.get());
  ends.second.reset();
  auto received = co_await channel.receive();
  if (!received || received->descriptors.size() != 2)
    throw Error::failed("ct.console", "the terminal of CT " + id.text() + " could not be opened");
  run->terminal_reservation = std::move(received->descriptors[1]);
  co_return std::move(received->descriptors[0]);
}

std::vector<std::string> Containers::attach_command(GuestId id,
                                                    const std::vector<std::string>& command) const {
  std::vector<std::string> result = {state_->settings.program, "attach", state_->folder(id)};
  result.insert(result.end(), command.begin(), command.end());
  return result;
}

}  // namespace posada::ct
