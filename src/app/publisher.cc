#include "app/publisher.h"

#include <algorithm>
#include <charconv>

#include "ct/containers.h"
#include "guest/registry.h"
#include "net/instance_network.h"
#include "storage/storage.h"
#include "sys/file.h"
#include "sys/host_status.h"
#include "telemetry/history.h"
#include "vm/machines.h"

namespace posada::app {
namespace {

constexpr sys::Milliseconds publish_interval(2000);
std::string content_text(const storage::Definition& definition) {
  std::string joined;
  for (const storage::Content content : definition.contents()) {
    if (!joined.empty()) joined += ',';
    joined += storage::text(content);
  }
  return joined;
}

constexpr std::size_t guests_at_once = 32;
constexpr sys::Milliseconds burst(50);  // changes that come together make one round

std::string row_id(const guest::Record& record) {
  return (record.kind == GuestKind::container ? "lxc/" : "qemu/") + record.id.text();
}

}  // namespace

Publisher::Publisher(const api::Services& services, sys::Clock& clock, sys::Executor executor)
    : services_(services), clock_(clock), wake_(executor), scope_(executor) {}

void Publisher::start() {
  scope_.spawn("publisher", publish_loop());
}

sys::Async<void> Publisher::stop() {
  scope_.stop();
  co_await scope_.join();
}

sys::Async<void> Publisher::publish_loop() {
  for (;;) {
    if (guests_run_) guests_changed_ = true;  // their figures move by themselves
    // The first round reads every config, and others wait for the loop meanwhile.
    while (guests_changed_ || !guests_due_.empty()) {
      if (guests_due_.empty() && std::exchange(guests_changed_, false)) begin_guests();
      publish_guests(guests_at_once);
      co_await sys::yield_to_loop();
    }
    storages_changed_ = true;
    publish_changes();
    publish_node();
    services_.board->refresh_source(services_.node);
    record();
    if (co_await wake_.wait_for(publish_interval)) co_await clock_.sleep(burst);
    wake_.reset();
  }
}

void Publisher::guests_changed() {
  guests_changed_ = true;
  wake_.set();
}

void Publisher::storages_changed() {
  storages_changed_ = true;
  wake_.set();
}

void Publisher::pools_changed() {
  pools_changed_ = true;
  guests_changed_ = true;  // their rows name their pool
  wake_.set();
}

void Publisher::publish_changes() {
  if (std::exchange(pools_changed_, false)) publish_pools();
  if (std::exchange(guests_changed_, false)) begin_guests();
  publish_guests(guests_due_.size());
  if (std::exchange(storages_changed_, false)) publish_storages();
}

void Publisher::put(const std::string& id, json::object fields) {
  services_.board->publish(services_.node, id, std::move(fields));
}

void Publisher::withdraw_others(std::string_view prefix,
                                const std::set<std::string, std::less<>>& ids) {
  std::vector<std::string> gone;
  services_.board->each(prefix, [&](const telemetry::Row& row) {
    if (!ids.contains(row.id)) gone.push_back(row.id);
  });
  for (const std::string& id : gone) services_.board->withdraw(id);
}

void Publisher::publish_node() {
  const sys::Memory memory = sys::read_memory();
  const sys::FileSystem root = sys::read_file_system("/");
  const auto load = sys::read_load_average();
  const std::string id = "node/" + services_.node;
  const int cgroup_mode = sys::exists("/sys/fs/cgroup/cgroup.controllers") ? 2 : 1;
  json::object fields{{"id", id},
                      {"type", "node"},
                      {"node", services_.node},
                      {"status", "online"},
                      {"level", ""},
                      {"cgroup-mode", cgroup_mode},
                      {"cpu", services_.node_load().cpu},
                      {"maxcpu", sys::cpu_info().cpus},
                      {"mem", memory.used()},
                      {"maxmem", memory.total},
                      {"disk", root.total - root.free},
                      {"maxdisk", root.total},
                      {"swap", memory.swap_total - memory.swap_free},
                      {"maxswap", memory.swap_total},
                      {"loadavg", json::array{load[0], load[1], load[2]}},
                      {"uptime", sys::read_uptime()}};
  if (services_.network && !services_.network->failure().empty()) {
    fields["network-failure"] = services_.network->failure();
  }
  put(id, std::move(fields));
}

void Publisher::begin_guests() {
  guests_run_ = false;
  guests_due_.clear();
  std::set<std::string, std::less<>> rows;
  for (guest::Record& record : services_.registry->list()) {
    if (record.node != services_.node) continue;
    rows.insert(row_id(record));
    guests_due_.push_back(std::move(record));
  }
  std::ranges::reverse(guests_due_);
  std::erase_if(guests_shown_, [&](const auto& shown) { return !rows.contains(shown.first); });
  withdraw_others("qemu/", rows);
  withdraw_others("lxc/", rows);
}

void Publisher::publish_guests(std::size_t most) {
  for (; most > 0 && !guests_due_.empty(); --most) {
    const guest::Record record = std::move(guests_due_.back());
    guests_due_.pop_back();
    publish_guest(record);
  }
}

void Publisher::publish_guest(const guest::Record& record) {
  const bool container = record.kind == GuestKind::container;
  const bool runs =
      container ? services_.containers->running(record.id) : services_.machines->running(record.id);
  guests_run_ = guests_run_ || runs;
  const std::string* pool = services_.directory->config().pool_of(record.id);
  const std::string id = row_id(record);
  Shown now{services_.registry->config(record).revision, pool ? *pool : "", runs};
  if (now.revision == 0) return;  // removed since the round began
  Shown& before = guests_shown_[id];
  if (!runs && now == before) return;
  json::object fields =
      container ? services_.containers->summary(record) : services_.machines->summary(record);
  fields["id"] = id;
  fields["type"] = container ? "lxc" : "qemu";
  fields["node"] = services_.node;
  if (!fields.contains("template")) fields["template"] = 0;
  if (!fields.contains("memhost")) fields["memhost"] = fields["mem"];  // of a container
  if (const auto cpus = fields.if_contains("cpus")) fields["maxcpu"] = *cpus;
  if (pool) fields["pool"] = *pool;
  put(id, std::move(fields));
  before = std::move(now);
}

void Publisher::publish_storages() {
  std::set<std::string, std::less<>> published;
  for (const storage::Definition& definition : services_.storages->definitions()) {
    if (!definition.enabled() || !definition.on_node(services_.node)) continue;
    const storage::StorageStatus status = services_.storages->status(definition.name);
    const std::string id = "storage/" + services_.node + "/" + definition.name;
    published.insert(id);
    put(id, {{"id", id},
             {"type", "storage"},
             {"storage", definition.name},
             {"node", services_.node},
             {"status", status.active ? "available" : "unknown"},
             {"plugintype", definition.type},
             {"content", content_text(definition)},
             {"shared", definition.shared() ? 1 : 0},
             {"disk", status.used},
             {"maxdisk", status.total}});
  }
  withdraw_others("storage/" + services_.node + "/", published);
}

// A sample a minute of what the charts show.
void Publisher::record() {
  const std::int64_t now = clock_.wall_seconds();
  if (now - recorded_ < telemetry::base_step) return;
  recorded_ = now;
  telemetry::History& history = *services_.history;
  for (const char* prefix : {"qemu/", "lxc/"}) {
    services_.board->each(prefix, [&](const telemetry::Row& row) {
      const auto id = integer_member(row.values, "vmid").value_or(0);
      const auto guest = services_.registry->find(GuestId{static_cast<std::uint32_t>(id)});
      if (guest && text_member(row.values, "status") == "running") {
        history.update(telemetry::HistoryKind::guest, guest->uuid, row.values, now);
      }
    });
  }
  const std::string storages = "storage/" + services_.node + "/";
  services_.board->each(storages, [&](const telemetry::Row& row) {
    history.update(telemetry::HistoryKind::storage, row.id.substr(storages.size()),
                   {{"total", row.values.at("maxdisk")}, {"used", row.values.at("disk")}}, now);
  });
  record_node(now);
}

void Publisher::record_node(std::int64_t now) {
  const sys::Memory memory = sys::read_memory();
  const sys::FileSystem root = sys::read_file_system("/");
  const api::NodeLoad load = services_.node_load();
  double average = 0;
  const std::string text = sys::read_load_average()[0];
  std::from_chars(text.data(), text.data() + text.size(), average);
  services_.history->update(telemetry::HistoryKind::node, services_.node,
                            {{"cpu", load.cpu},
                             {"iowait", load.iowait},
                             {"loadavg", average},
                             {"maxcpu", sys::cpu_info().cpus},
                             {"memtotal", memory.total},
                             {"memused", memory.used()},
                             {"memavailable", memory.available},
                             {"swaptotal", memory.swap_total},
                             {"swapused", memory.swap_total - memory.swap_free},
                             {"roottotal", root.total},
                             {"rootused", root.total - root.free}},
                            now);
}

// A guest's row names its pool.
void Publisher::publish_pools() {
  std::set<std::string, std::less<>> published;
  for (const auto& [name, pool] : services_.directory->config().pools) {
    const std::string id = "/pool/" + name;
    published.insert(id);
    put(id, {{"id", id}, {"type", "pool"}, {"pool", name}});
  }
  withdraw_others("/pool/", published);
  guests_changed_ = true;
}

}  // namespace posada::app
