#include "app/publisher.h"

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

constexpr sys::Milliseconds burst(50);  // changes that come together make one round

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
  wake_.set();
}

void Publisher::publish_changes() {
  if (std::exchange(pools_changed_, false)) publish_pools();
  if (std::exchange(guests_changed_, false)) publish_guests();
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

void Publisher::publish_guests() {
  guests_run_ = false;
  const auto publish_all = [this](const json::array& rows, std::string_view type) {
    std::set<std::string, std::less<>> published;
    for (const json::value& row : rows) {
      json::object fields = row.as_object();
      const auto number = integer_member(fields, "vmid").value_or(0);
      std::string id(type);
      id += "/" + std::to_string(number);
      guests_run_ = guests_run_ || text_member(fields, "status") == "running";
      fields["id"] = id;
      fields["type"] = type;
      fields["node"] = services_.node;
      if (!fields.contains("template")) fields["template"] = 0;
      if (!fields.contains("memhost")) fields["memhost"] = fields["mem"];  // of a container
      if (const auto cpus = fields.if_contains("cpus")) fields["maxcpu"] = *cpus;
      const std::string* pool =
          services_.directory->config().pool_of(GuestId{static_cast<std::uint32_t>(number)});
      if (pool) fields["pool"] = *pool;
      put(id, std::move(fields));
      published.insert(std::move(id));
    }
    withdraw_others(std::string(type) + "/", published);
  };
  publish_all(services_.machines->list(), "qemu");
  publish_all(services_.containers->list(), "lxc");
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
