// Starting QEMU: everything it may touch is opened by us and handed over as descriptors; it runs
// as a user of its own, in a control group of its own, in a sandbox (machine_state.h).
#include <fcntl.h>

#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "guest/hook.h"
#include "guest/power.h"
#include "storage/volume_id.h"
#include "sys/affinity.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/log.h"
#include "sys/process_status.h"
#include "sys/stream.h"
#include "vm/machine_state.h"
#include "vm/option_support.h"

namespace posada::vm {

// "0,5,8-11".
std::set<unsigned> processors_of(std::string_view text) {
  std::set<unsigned> result;
  for (const std::string& part : split_list(text, ",")) {
    const auto ends = split(part, '-');
    const auto first = to_integer(ends.front()).value_or(0);
    const auto last = std::min<std::int64_t>(to_integer(ends.back()).value_or(first), 4096);
    for (auto number = first; number <= last; ++number) {
      result.insert(static_cast<unsigned>(number));
    }
  }
  return result;
}

void share_cpu(Machines::State& state, GuestId id, const guest::ConfigSection& config) {
  sys::CpuShare share;
  share.limit = std::strtod(std::string(config.get("cpulimit", "0")).c_str(), nullptr);
  share.weight = static_cast<unsigned>(integer(config, "cpuunits", 0));
  state.cgroups.set_cpu(state.group(id), share);
}

namespace {

// Descriptors of the child, numbered from 3; our copies live until the spawn.
class Handed {
 public:
  int add(sys::Fd descriptor) {
    const int number = next_++;
    map_[number] = descriptor.get();
    owned_.push_back(std::move(descriptor));
    return number;
  }
  const std::map<int, int>& map() const { return map_; }
  void forget() {
    map_.clear();
    owned_.clear();
  }

 private:
  int next_ = 3;
  std::map<int, int> map_;
  std::vector<sys::Fd> owned_;
};

struct Launch {
  GuestId id;
  const guest::ConfigSection& config;
  Handed handed;
  Resources resources;
  std::shared_ptr<Running> run;
};

// A set holds a read-only and a read-write descriptor, because QEMU takes the one whose mode it
// asks for and a set without a match says "Permission denied".
DiskSource hand_over(Launch& launch, const std::string& key, storage::OpenVolume volume) {
  RuntimeRecord& record = launch.run->record;
  const auto new_set = [&](sys::Fd read_only, sys::Fd read_write) {
    const int set = record.next_set++;
    launch.resources.descriptor_sets.emplace_back(set, launch.handed.add(std::move(read_only)));
    if (read_write) {
      launch.resources.descriptor_sets.emplace_back(set, launch.handed.add(std::move(read_write)));
    }
    return set;
  };
  DiskSource source;
  source.read_only = !volume.read_write;
  source.format = storage::text(volume.format);
  source.block_device = volume.block_device;
  const int set = new_set(std::move(volume.read_only), std::move(volume.read_write));
  record.sets[key] = set;
  source.file = "/dev/fdset/" + std::to_string(set);
  for (storage::OpenVolume::Layer& layer : volume.backing) {
    DiskSource below;
    below.read_only = true;
    below.format = storage::text(layer.format);
    below.file = "/dev/fdset/" + std::to_string(new_set(std::move(layer.read_only), sys::Fd()));
    source.backing.push_back(std::move(below));
  }
  return source;
}

sys::Async<void> open_disks(Machines::State& state, Launch& launch) {
  for (const Drive& disk : drives(launch.config)) {
    if (disk.file() == "none") continue;
    const auto volume = storage::parse_volume_id(disk.file());
    const bool read_only = disk.is_cdrom() || guest::property_flag(disk.options, "ro");
    auto open = co_await state.parts.storages.open(
        volume, read_only ? storage::Access::read_only : storage::Access::read_write);
    launch.resources.disks[disk.key] = hand_over(launch, disk.key, std::move(open));
  }
}

void open_sockets(Launch& launch, const std::string& folder) {
  std::vector<std::string> names = {"qmp", "qmp-worker", "qga"};
  for (int i = 0; i < 4; ++i) {
    const std::string key = "serial" + std::to_string(i);
    if (launch.config.get(key) == "socket") names.push_back(key);
  }
  for (const std::string& name : names) {
    launch.resources.sockets[name] = launch.handed.add(sys::listen_unix(folder + "/" + name, 0600));
  }
}

sys::Async<void> plug_cards(Machines::State& state, task::Context& context, Launch& launch) {
  for (int i = 0; i < 32; ++i) {
    const std::string key = "net" + std::to_string(i);
    if (!launch.config.has(key)) continue;
    const auto card = net_format().parse(launch.config.get(key));
    NetSource source;
    if (state.network.plug && card.contains("bridge")) {
      NetPort port = co_await state.network.plug(launch.id, key, card);
      for (sys::Fd& tap : port.taps) source.taps.push_back(launch.handed.add(std::move(tap)));
      for (sys::Fd& vhost : port.vhosts) {
        source.vhosts.push_back(launch.handed.add(std::move(vhost)));
      }
      launch.run->record.interfaces[key] = port.interface;
    }
    if (!state.network.plug && card.contains("bridge")) {
      context.log(key + ": a node that runs without root has no bridge '" + card.at("bridge") +
                  "'; the card is on QEMU's private network, which leads out and lets nothing in");
    }
    launch.resources.nets[key] = std::move(source);
  }
}

unsigned take_uid(Machines::State& state) {
  if (state.settings.first_uid == 0) return 0;
  for (unsigned i = 0; i < state.settings.uid_count; ++i) {
    if (state.uids.insert(state.settings.first_uid + i).second) {
      return state.settings.first_uid + i;
    }
  }
  throw Error::failed("vm.no-free-user", "all " + std::to_string(state.settings.uid_count) +
                                             " users for machines are taken");
}

// `args` as a shell would split it, without anything else of a shell.
std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool open = false;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      open = true;
    } else if (c == ' ' || c == '\t') {
      if (open || !word.empty()) words.push_back(std::exchange(word, ""));
      open = false;
    } else {
      word += c;
    }
  }
  if (open || !word.empty()) words.push_back(word);
  return words;
}

sys::Command command_for(Machines::State& state, Launch& launch, const Invocation& invocation,
                         const std::string& folder) {
  sys::Command command;
  command.arguments = invocation.arguments(state.settings.qemu);
  for (const char* word :
       {"-S", "-vnc", "none,password=on", "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"}) {
    command.arguments.emplace_back(word);
  }
  for (std::string& word : split_words(launch.config.get("args"))) {
    command.arguments.push_back(std::move(word));
  }
  const std::string mark = state.mark(launch.id);
  const std::size_t equals = mark.find('=');
  command.environment[mark.substr(0, equals)] = mark.substr(equals + 1);
  const sys::Fd place = sys::open_directory(folder);
  const int log = launch.handed.add(
      sys::open_beneath(place, "qemu.log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
  command.descriptors = launch.handed.map();
  command.descriptors[1] = command.descriptors[2] = command.descriptors.at(log);
  command.descriptors.erase(log);
  if (launch.run->record.uid != 0) {
    command.uid = command.gid = launch.run->record.uid;
    if (const auto kvm = sys::group_of("/dev/kvm");
        kvm && launch.run->record.acceleration == "kvm") {
      command.groups.push_back(*kvm);
    }
  }
  return command;
}

// What is set through the monitor before the first instruction runs: one round trip for all.
sys::Async<void> set_up(Running& run, const guest::ConfigSection& config) {
  std::vector<Qmp::Sent> sent;
  for (const Drive& disk : drives(config)) {
    json::object limits = io_limits(disk);
    if (limits.empty()) continue;
    if (disk.bus == "virtio") limits["id"] = "/machine/peripheral/" + disk.key + "/virtio-backend";
    sent.push_back(run.qmp->send("block_set_io_throttle", std::move(limits)));
  }
  if (config.get("balloon") != "0") {
    sent.push_back(run.qmp->send("qom-set", {{"path", "/machine/peripheral/balloon0"},
                                             {"property", "guest-stats-polling-interval"},
                                             {"value", 2}}));
    const auto target = integer(config, "balloon", 0);
    if (target > 0 && target < static_cast<std::int64_t>(memory_mib(config))) {
      sent.push_back(run.qmp->send("balloon", {{"value", target * 1024 * 1024}}));
    }
  }
  for (int i = 0; i < 32; ++i) {
    const std::string key = "net" + std::to_string(i);
    if (config.has(key) && guest::property_flag(net_format().parse(config.get(key)), "link_down")) {
      sent.push_back(run.qmp->send("set_link", {{"name", key}, {"up", false}}));
    }
  }
  for (const Qmp::Sent& command : sent) co_await run.qmp->answer(command);
}

Error start_failure(const std::string& words, const std::string& otherwise) {
  return Error::failed("vm.start-failed", "start failed: " + (words.empty() ? otherwise : words));
}

// Takes a claimed, stopped machine to a running process with a greeted monitor.
sys::Async<void> bring_up(std::shared_ptr<Machines::State> self, task::Context& context,
                          Launch& launch) {
  const std::string folder = self->folder(launch.id);
  sys::make_directories(folder, 0700);
  failpoint("vm.start.folder");
  const HostFacts host = co_await self->host();
  co_await open_disks(*self, launch);
  failpoint("vm.start.disks");
  co_await plug_cards(*self, context, launch);
  failpoint("vm.start.network");
  open_sockets(launch, folder);
  launch.resources.socket_folder = folder;
  const Invocation invocation = command_line(launch.id, launch.config, host, launch.resources);
  for (const std::string& warning : invocation.warnings) context.warn(warning);
  launch.run->record.machine = invocation.machine.name;
  launch.run->record.acceleration = invocation.machine_options.at("accel");
  launch.run->record.qemu = host.qemu.text();
  self->cgroups.make(self->group(launch.id));
  share_cpu(*self, launch.id, launch.config);
  failpoint("vm.start.group");
  launch.run->child.emplace(
      sys::spawn(self->parts.executor, command_for(*self, launch, invocation, folder)));
  if (launch.config.has("affinity")) {
    sys::set_affinity(launch.run->child->pid(), processors_of(launch.config.get("affinity")));
  }
  // Only QEMU holds its end now, so its death is seen at once.
  launch.handed.forget();
  launch.run->record.pid = launch.run->child->pid();
  launch.run->record.start_ticks = sys::start_ticks(launch.run->record.pid);
  failpoint("vm.start.spawned");
  // While QEMU starts: the kernel takes its time for this. A machine that has a record has moved.
  co_await self->files.run([cgroups = &self->cgroups, group = self->group(launch.id),
                            pid = launch.run->record.pid] { cgroups->add(group, pid); });
  co_await self->save(launch.run);
  failpoint("vm.start.recorded");
  self->running[launch.id] = launch.run;
  self->scope.spawn("machine " + launch.id.text(), Machines::State::follow(self, launch.run));
}

}  // namespace

sys::Async<void> Machines::State::launch(std::shared_ptr<State> self, task::Context& context,
                                         GuestId id, StartOptions options) {
  const guest::Record record = self->require(id);
  // An earlier run that a dead daemon left half cleaned up.
  if (sys::exists(self->folder(id))) co_await release(self, id);
  const auto starting = co_await guest::begin_start(self, context, id);
  co_await write_cloudinit(self, context, record, false);
  guest::ConfigSection config = self->config(record).config.main;
  if (!options.machine.empty()) config.values["machine"] = options.machine;
  if (!options.cpu.empty()) config.values["cpu"] = options.cpu;
  guest::refuse_unsupported(config, unsupported, "vm");
  co_await guest::run_hook(self, context, id, guest::Phase::pre_start);
  Launch launch{id, config, {}, {}, std::make_shared<Running>(id, self->parts.executor)};
  launch.run->record.guest = id;
  launch.run->record.uuid = record.uuid;
  launch.run->record.boot = sys::boot_id();
  launch.run->record.started = self->parts.clock.wall_seconds();
  launch.run->record.config = config;
  launch.run->record.uid = take_uid(*self);
  const auto entry = co_await context.journal().will(
      "vm.runtime",
      {{"guest", id.number}, {"uid", launch.run->record.uid}, {"boot", launch.run->record.boot}});
  failpoint("vm.start.journalled");
  co_await bring_up(self, context, launch);
  std::string failure;
  try {
    co_await attach(self, launch.run);
    failpoint("vm.start.greeted");
    co_await set_up(*launch.run, config);
  } catch (const Error& error) {
    failure = error.what();
    if (failure.starts_with("failpoint")) throw;
  }
  if (!failure.empty()) {
    co_await guest::end_run(self, context, launch.run, sys::Milliseconds(0));
    throw start_failure(launch.run->last_words, failure);
  }
  context.cancel().check();
  if (!options.paused && !flag(config, "freeze", false)) {
    co_await launch.run->qmp->execute("cont");
  }
  failpoint("vm.start.running");
  co_await context.journal().keep(entry);
  self->tell(id, launch.run->state);
  co_await guest::run_hook(self, context, id, guest::Phase::post_start);
}

sys::Async<std::string> undo_run(std::shared_ptr<Machines::State> state, json::object details) {
  const GuestId id{static_cast<std::uint32_t>(integer_member(details, "guest").value_or(0))};
  if (!state) co_return std::string();
  if (const auto run = state->find(id)) {
    co_await Machines::State::kill(run, sys::Milliseconds(0));
  } else {
    co_await Machines::State::release(state, id);
  }
  state->uids.erase(static_cast<unsigned>(integer_member(details, "uid").value_or(0)));
  co_return "ended the half-started machine " + id.text();
}

}  // namespace posada::vm
