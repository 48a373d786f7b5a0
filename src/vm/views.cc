// What the API shows of machines (machines.h).
#include "guest/views.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "storage/volume_id.h"
#include "vm/config_edit.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

std::int64_t processors(const guest::ConfigSection& config) {
  const auto all = integer(config, "sockets", 1) * integer(config, "cores", 1);
  return integer(config, "vcpus", all);
}

// Of the disk that it boots from, or else of the first.
std::uint64_t boot_disk_size(const guest::ConfigSection& config) {
  auto disks = drives(config);
  std::erase_if(disks, [](const Drive& disk) {
    return disk.is_cdrom() || disk.bus == "efidisk" || disk.bus == "tpmstate";
  });
  if (disks.empty()) return 0;
  const Drive* best = &disks.front();
  if (disks.size() > 1) {
    const auto indices = boot_indices(config);
    const auto rank = [&](const Drive& disk) {
      const auto index = indices.find(disk.key);
      return index == indices.end() ? std::numeric_limits<int>::max() : index->second;
    };
    best = &*std::ranges::min_element(disks, {}, rank);
  }
  return guest::parse_size(guest::property(best->options, "size")).value_or(0);
}

json::object basic_status(GuestId id, const guest::ConfigSection& config) {
  json::object status = {{"vmid", id.number},
                         {"name", config.get("name", "VM " + id.text())},
                         {"status", "stopped"},
                         {"cpus", processors(config)},
                         {"maxmem", memory_mib(config) * 1024 * 1024},
                         {"maxdisk", boot_disk_size(config)},
                         {"cpu", 0},
                         {"mem", 0},
                         {"memhost", 0},
                         {"disk", 0},
                         {"diskread", 0},
                         {"diskwrite", 0},
                         {"netin", 0},
                         {"netout", 0},
                         {"uptime", 0}};
  if (flag(config, "template", false)) status["template"] = 1;
  if (config.has("tags")) status["tags"] = config.get("tags");
  if (config.has("lock")) status["lock"] = config.get("lock");
  if (config.get("serial0") == "socket") status["serial"] = 1;
  return status;
}

void add_figures(json::object& status, const Running& run, std::int64_t now) {
  const Figures& figures = run.figures;
  status["status"] = "running";
  status["pid"] = run.record.pid;
  status["uptime"] = std::max<std::int64_t>(0, now - run.record.started);
  if (figures.cpu > 0) status["cpu"] = figures.cpu;  // else the 0 that is there
  status["mem"] = figures.memory;
  status["memhost"] = figures.host_memory;
  status["diskread"] = figures.disk_read;
  status["diskwrite"] = figures.disk_written;
  status["netin"] = figures.net_in;
  status["netout"] = figures.net_out;
  status["running-machine"] = run.record.machine;
  status["running-qemu"] = run.record.qemu;
  // What a client shows as load of the host behind it; without pressure files it is none.
  for (const char* name : {"pressurecpusome", "pressurecpufull", "pressureiosome", "pressureiofull",
                           "pressurememorysome", "pressurememoryfull"}) {
    status[name] = 0;
  }
}

}  // namespace

json::object Machines::summary(const guest::Record& record) const {
  json::object status = basic_status(record.id, state_->config(record).config.main);
  if (const auto run = state_->find(record.id)) {
    add_figures(status, *run, state_->parts.clock.wall_seconds());
  }
  return status;
}

sys::Async<json::object> Machines::status(GuestId id) {
  const auto self = state_;
  const auto record = self->require(id);
  const auto& config = self->config(record).config.main;
  json::object status = basic_status(id, config);
  status["ha"] = {{"managed", 0}};
  status["qmpstatus"] = "stopped";
  if (agent_enabled(config)) status["agent"] = 1;
  const auto run = self->find(id);
  if (!run) co_return status;
  add_figures(status, *run, self->parts.clock.wall_seconds());
  status["qmpstatus"] = run->state;
  status["acceleration"] = run->record.acceleration;
  if (run->figures.balloon > 0) {
    status["balloon"] = run->figures.balloon;
    status["ballooninfo"] = run->figures.balloon_info;
  }
  if (!run->figures.block_stats.empty()) status["blockstat"] = run->figures.block_stats;
  json::object nics;
  for (const auto& [key, interface] : run->record.interfaces) {
    const auto counters = run->figures.nics.find(interface);
    const NetCounters none;
    const NetCounters& shown = counters == run->figures.nics.end() ? none : counters->second;
    nics[interface] = {{"netin", shown.in}, {"netout", shown.out}};
  }
  if (!nics.empty()) status["nics"] = std::move(nics);
  co_return status;
}

json::object Machines::config(GuestId id, bool current, const std::string& snapshot) const {
  const Parsed& parsed = state_->config(state_->require(id));
  if (snapshot.empty() && !current) return shown_config(parsed.config.next(), parsed.digest);
  return shown_config(guest::section_of(parsed.config, snapshot), parsed.digest);
}

json::array Machines::pending(GuestId id) const {
  return guest::shown_pending(state_->config(state_->require(id)), shown_value);
}

json::array Machines::snapshots(GuestId id) const {
  return guest::shown_snapshots(state_->config(state_->require(id)), running(id), true);
}

json::object Machines::feature(GuestId id, const std::string& feature,
                               const std::string& snapshot) const {
  const auto record = state_->require(id);
  const auto& config = state_->config(record).config;
  const auto& section = guest::section_of(config, snapshot);
  bool has = true;
  for (const Drive& disk : drives(section)) {
    if (!disk.names_volume() || disk.is_cdrom()) continue;
    const auto volume = storage::try_parse_volume_id(disk.file());
    const auto name = volume ? storage::try_parse_volume_name(volume->name) : std::nullopt;
    if (feature == "snapshot") has = has && name && name->format == "qcow2";
    if (feature == "clone") has = has && (flag(section, "template", false) || name.has_value());
  }
  return {{"hasFeature", has ? 1 : 0}, {"nodes", json::array{state_->settings.node}}};
}

std::string Machines::command_text(GuestId id, bool one_line, const std::string& snapshot) const {
  const auto record = state_->require(id);
  const auto& config = state_->config(record).config;
  const auto& section = guest::section_of(config, snapshot);
  HostFacts host;
  host.node = state_->settings.node;
  host.qemu = state_->qemu_version.value_or(Version{7, 2});
  host.accelerated = state_->accelerated();
  host.firmware_folder = state_->settings.firmware_folder;
  Resources resources;
  resources.socket_folder = state_->folder(id);
  for (const Drive& disk : drives(section)) {
    if (!disk.names_volume()) continue;
    const auto volume = storage::parse_volume_id(disk.file());
    const auto name = storage::try_parse_volume_name(volume.name);
    DiskSource source;
    source.file = state_->parts.storages.path(volume);
    source.format = name && storage::format_from(name->format) ? name->format : "raw";
    resources.disks[disk.key] = std::move(source);
  }
  const auto arguments =
      command_line(id, section, host, resources).arguments("/usr/bin/" + state_->settings.qemu);
  std::string text;
  for (const std::string& word : arguments) {
    const bool option = word.starts_with('-') && word.size() > 1;
    if (!text.empty()) text += option && !one_line ? " \\\n  " : " ";
    const bool plain =
        word.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:+") ==
        std::string::npos;
    text += plain && !word.empty() ? word : "'" + join(split(word, '\''), "'\\''") + "'";
  }
  return text;
}

}  // namespace posada::vm
