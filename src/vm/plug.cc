// Hot plug: bringing one waiting change into a running machine (machine_state.h). Says whether it
// did; a change that cannot be had now stays waiting. What fails on the way is taken back.
#include <algorithm>

#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "storage/volume_id.h"
#include "sys/affinity.h"
#include "vm/block_nodes.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

using guest::property;

constexpr sys::Milliseconds unplug_patience(5000);

bool allows(const guest::ConfigSection& config, std::string_view feature) {
  const std::string_view text = config.get("hotplug", "network,disk,usb");
  if (text == "1") return feature == "network" || feature == "disk" || feature == "usb";
  const auto features = split_list(text, ",;");
  return std::find(features.begin(), features.end(), feature) != features.end();
}

sys::Async<void> unplug_device(std::shared_ptr<Running> run, std::string device) {
  run->released.erase(device);
  run->unplugged.reset();
  co_await run->qmp->execute("device_del", {{"id", device}});
  // The guest lets go when it wants; one that never does keeps the device.
  for (int i = 0; i < 50 && !run->released.contains(device); ++i) {
    co_await run->unplugged.wait_for(unplug_patience / 50);
    run->unplugged.reset();
  }
  if (!run->released.contains(device)) {
    throw Error::failed("vm.unplug-timeout",
                        "the guest did not release device '" + device + "' in time");
  }
}

std::vector<sys::Fd> one(sys::Fd descriptor) {
  std::vector<sys::Fd> list;
  list.push_back(std::move(descriptor));
  return list;
}

sys::Async<void> hand_set(std::shared_ptr<Running> run, int set, sys::Fd descriptor) {
  if (!descriptor) co_return;
  co_await run->qmp->execute_with("add-fd", {{"fdset-id", set}}, one(std::move(descriptor)));
}

}  // namespace

// Opens the volume and hands it to QEMU as a new set.
sys::Async<DiskSource> hand_disk(std::shared_ptr<Machines::State> self,
                                 std::shared_ptr<Running> run, Drive disk) {
  const bool read_only = disk.is_cdrom() || guest::property_flag(disk.options, "ro");
  auto open = co_await self->parts.storages.open(
      storage::parse_volume_id(disk.file()),
      read_only ? storage::Access::read_only : storage::Access::read_write);
  DiskSource source;
  source.read_only = !open.read_write;
  source.format = storage::text(open.format);
  source.block_device = open.block_device;
  const int set = run->record.next_set++;
  source.file = "/dev/fdset/" + std::to_string(set);
  co_await hand_set(run, set, std::move(open.read_only));
  co_await hand_set(run, set, std::move(open.read_write));
  for (storage::OpenVolume::Layer& layer : open.backing) {
    DiskSource below;
    below.read_only = true;
    below.format = storage::text(layer.format);
    const int number = run->record.next_set++;
    below.file = "/dev/fdset/" + std::to_string(number);
    co_await hand_set(run, number, std::move(layer.read_only));
    source.backing.push_back(std::move(below));
  }
  run->record.sets[disk.key] = set;
  co_await self->save(run);
  co_return source;
}

// QEMU closes the file, so that a volume that is removed gives back its space.
sys::Async<void> take_set(std::shared_ptr<Running> run, std::optional<int> set) {
  if (set) co_await run->qmp->execute("remove-fd", {{"fdset-id", *set}});
}

namespace {

bool has_device(const json::value& answer) {
  return answer.is_array();
}

sys::Async<void> add_missing_controllers(std::shared_ptr<Running> run,
                                         const std::vector<json::object>& controllers) {
  for (const json::object& controller : controllers) {
    const std::string id = *text_member(controller, "id");
    bool there = true;
    try {
      there = has_device(
          co_await run->qmp->execute("qom-list", {{"path", "/machine/peripheral/" + id}}));
    } catch (const Error&) {
      there = false;  // QEMU says that it knows no such object
    }
    if (!there) co_await run->qmp->execute("device_add", controller);
  }
}

json::object limits_of(const Drive& disk) {
  json::object limits = io_limits(disk);
  if (limits.empty()) {
    limits = {{"id", disk.key}, {"bps", 0},     {"bps_rd", 0}, {"bps_wr", 0},
              {"iops", 0},      {"iops_rd", 0}, {"iops_wr", 0}};
  }
  if (disk.bus == "virtio") limits["id"] = "/machine/peripheral/" + disk.key + "/virtio-backend";
  return limits;
}

sys::Async<void> add_disk(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                          Drive disk) {
  const HostFacts host = co_await self->host();
  const auto machine = resolve_machine(run->record.config, host.qemu, host.node);
  const DiskSource source = co_await hand_disk(self, run, disk);
  Plugged plugged = disk_device(run->record.config, machine, host, disk, source);
  co_await run->qmp->execute("blockdev-add", *plugged.backend);
  failpoint("vm.plug.node");
  std::exception_ptr failure;
  try {
    for (const json::object& object : plugged.objects) {
      co_await run->qmp->execute("object-add", object);
    }
    co_await add_missing_controllers(run, plugged.controllers);
    plugged.device.erase("bootindex");
    co_await run->qmp->execute("device_add", plugged.device);
    if (const auto limits = io_limits(disk); !limits.empty()) {
      co_await run->qmp->execute("block_set_io_throttle", limits_of(disk));
    }
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await run->qmp->execute("blockdev-del", {{"node-name", "drive-" + disk.key}});
    std::rethrow_exception(failure);
  }
}

std::optional<int> set_of(const Running& run, const std::string& key) {
  const auto found = run.record.sets.find(key);
  return found == run.record.sets.end() ? std::nullopt : std::optional(found->second);
}

sys::Async<void> remove_disk(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                             std::string key) {
  const std::string node = node_of(co_await block_nodes(*run->qmp), key);
  co_await unplug_device(run, key);
  co_await run->qmp->execute("blockdev-del", {{"node-name", node}});
  co_await take_set(run, set_of(*run, key));
  run->record.sets.erase(key);
  co_await self->save(run);
}

// Another disc, or none, in a drive that stays. The new one is opened first, so that one that is
// not there leaves the old one in.
sys::Async<void> change_disc(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                             Drive before, Drive after) {
  const std::string& key = after.key;
  const auto old_set = set_of(*run, key);
  std::optional<DiskSource> source;
  if (after.names_volume()) source = co_await hand_disk(self, run, after);
  co_await run->qmp->execute("blockdev-open-tray", {{"id", key}, {"force", true}});
  if (before.names_volume()) {
    co_await run->qmp->execute("blockdev-remove-medium", {{"id", key}});
    co_await run->qmp->execute("blockdev-del", {{"node-name", "drive-" + key}});
    co_await take_set(run, old_set);
  }
  if (source) {
    const HostFacts host = co_await self->host();
    co_await run->qmp->execute("blockdev-add", block_node(after, *source, host.default_aio));
    co_await run->qmp->execute("blockdev-insert-medium",
                               {{"id", key}, {"node-name", "drive-" + key}});
  } else {
    run->record.sets.erase(key);
    co_await self->save(run);
  }
  co_await run->qmp->execute("blockdev-close-tray", {{"id", key}});
}

bool differs_only_in_limits(const Drive& before, const Drive& after) {
  const auto rest = [](const Drive& disk) {
    guest::Properties kept;
    for (const auto& [name, value] : disk.options) {
      const bool limit = name.starts_with("mbps") || name.starts_with("iops") ||
                         name.starts_with("bps") || name == "backup" || name == "replicate" ||
                         name == "size" || name == "shared";
      if (!limit) kept[name] = value;
    }
    return kept;
  };
  return rest(before) == rest(after);
}

sys::Async<bool> plug_disk(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                           std::string key, std::optional<std::string> value) {
  const auto before = drive(run->record.config, key);
  const bool pluggable = key.starts_with("scsi") || key.starts_with("virtio");
  const bool allowed = allows(run->record.config, "disk");
  if (!value) {
    if (!before) co_return true;
    if (!pluggable || !allowed) co_return false;
    co_await remove_disk(self, run, key);
    co_return true;
  }
  const Drive after = parse_drive(key, *value);
  if (!before) {
    if (!pluggable || !allowed || after.is_cdrom()) co_return false;
    co_await add_disk(self, run, after);
    co_return true;
  }
  if (before->is_cdrom() && after.is_cdrom()) {
    if (before->file() != after.file()) co_await change_disc(self, run, *before, after);
    co_return true;
  }
  if (!differs_only_in_limits(*before, after)) co_return false;
  co_await run->qmp->execute("block_set_io_throttle", limits_of(after));
  co_return true;
}

// Taps of a card that is plugged in have names in QEMU, not numbers.
sys::Async<void> hand_named(std::shared_ptr<Running> run, json::object& netdev, std::string option,
                            std::string prefix, std::vector<sys::Fd> descriptors) {
  std::string names;
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    const std::string name = prefix + "-" + std::to_string(i);
    co_await run->qmp->execute_with("getfd", {{"fdname", name}}, one(std::move(descriptors[i])));
    names += (names.empty() ? "" : ":") + name;
  }
  if (!names.empty()) netdev[option + (descriptors.size() == 1 ? "" : "s")] = names;
}

sys::Async<json::object> hand_card(std::shared_ptr<Machines::State> self,
                                   std::shared_ptr<Running> run, std::string key,
                                   guest::Properties card) {
  json::object netdev = {{"id", key}, {"type", "user"}};
  if (!self->network.plug || !card.contains("bridge")) co_return netdev;
  NetPort port = co_await self->network.plug(run->record.guest, key, card);
  run->record.interfaces[key] = port.interface;
  co_await self->save(run);
  netdev["type"] = "tap";
  const bool fast = !port.vhosts.empty();
  co_await hand_named(run, netdev, "fd", "tap-" + key, std::move(port.taps));
  co_await hand_named(run, netdev, "vhostfd", "vhost-" + key, std::move(port.vhosts));
  if (fast) netdev["vhost"] = true;
  co_return netdev;
}

sys::Async<void> add_card(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                          std::string key, std::string value) {
  const HostFacts host = co_await self->host();
  const auto machine = resolve_machine(run->record.config, host.qemu, host.node);
  guest::ConfigSection config = run->record.config;
  config.values[key] = value;
  const auto card = net_format().parse(value);
  const json::object netdev = co_await hand_card(self, run, key, card);
  co_await run->qmp->execute("netdev_add", netdev);
  failpoint("vm.plug.netdev");
  json::object device = net_device(config, machine, host, key, NetSource()).device;
  device.erase("bootindex");
  std::exception_ptr failure;
  try {
    co_await run->qmp->execute("device_add", device);
    if (guest::property_flag(card, "link_down")) {
      co_await run->qmp->execute("set_link", {{"name", key}, {"up", false}});
    }
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await run->qmp->execute("netdev_del", {{"id", key}});
    if (self->network.unplug) co_await self->network.unplug(run->record.guest, key);
    std::rethrow_exception(failure);
  }
}

sys::Async<void> remove_card(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                             std::string key) {
  co_await unplug_device(run, key);
  co_await run->qmp->execute("netdev_del", {{"id", key}});
  if (self->network.unplug) co_await self->network.unplug(run->record.guest, key);
  run->record.interfaces.erase(key);
  co_await self->save(run);
}

sys::Async<bool> plug_card(std::shared_ptr<Machines::State> self, std::shared_ptr<Running> run,
                           std::string key, std::optional<std::string> value) {
  const std::string before(run->record.config.get(key));
  const bool allowed = allows(run->record.config, "network");
  if (!value) {
    if (before.empty()) co_return true;
    if (!allowed) co_return false;
    co_await remove_card(self, run, key);
    co_return true;
  }
  if (before.empty()) {
    if (!allowed) co_return false;
    co_await add_card(self, run, key, *value);
    co_return true;
  }
  auto old_card = net_format().parse(before);
  auto new_card = net_format().parse(*value);
  const bool up = !guest::property_flag(new_card, "link_down");
  old_card.erase("link_down");
  new_card.erase("link_down");
  if (old_card == new_card) {
    co_await run->qmp->execute("set_link", {{"name", key}, {"up", up}});
    co_return true;
  }
  if (!allowed) co_return false;
  co_await remove_card(self, run, key);
  co_await add_card(self, run, key, *value);
  co_return true;
}

}  // namespace

sys::Async<bool> Machines::State::plug(std::shared_ptr<State> self, task::Context& context,
                                       std::shared_ptr<Running> run, std::string key,
                                       std::optional<std::string> value) {
  bool done = false;
  if (is_drive_key(key)) {
    done = co_await plug_disk(self, run, key, value);
  } else if (is_net_key(key)) {
    done = co_await plug_card(self, run, key, value);
  } else if (key == "balloon") {
    const auto target = value ? to_integer(*value).value_or(0) : 0;
    if (run->record.config.get("balloon") != "0" && (!value || target > 0)) {
      const auto mib =
          target > 0 ? target : static_cast<std::int64_t>(memory_mib(run->record.config));
      co_await run->qmp->execute("balloon", {{"value", mib * 1024 * 1024}});
      done = true;
    }
  } else if (key == "cpulimit" || key == "cpuunits") {
    guest::ConfigSection next = run->record.config;
    next.values[key] = value.value_or(key == "cpuunits" ? "100" : "0");
    share_cpu(*self, run->record.guest, next);
    done = true;
  } else if (key == "affinity") {
    sys::set_affinity(run->record.pid, processors_of(value.value_or("")));
    done = true;
  }
  if (done) {
    if (value)
      run->record.config.values[key] = *value;
    else
      run->record.config.values.erase(key);
    co_await self->save(run);
    context.log("update VM " + run->record.guest.text() + ": " + key +
                (value ? " changed in the running machine" : " removed from the running machine"));
  }
  co_return done;
}

}  // namespace posada::vm
