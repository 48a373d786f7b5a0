#include "ct/containers.h"

#include <algorithm>
#include <thread>

#include "access/permissions.h"
#include "base/error.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "storage/volume_id.h"
#include "sys/file.h"

namespace posada::ct {

Error not_running(GuestId id) {
  return Error::failed("ct.not-running", "CT " + id.text() + " not running");
}

Error already_exists(const guest::Record& record) {
  const std::string noun = record.kind == GuestKind::vm ? "VM " : "CT ";
  return Error::failed("guest.exists", "unable to create CT " + record.id.text() + " - " + noun +
                                           record.id.text() + " already exists on node '" +
                                           record.node + "'");
}

bool is_own_volume(std::string_view volume, GuestId id) {
  const auto parsed = storage::try_parse_volume_id(volume);
  const auto name = parsed ? storage::try_parse_volume_name(parsed->name) : std::nullopt;
  return name && name->owner == id && name->content == storage::Content::images;
}

Containers::State::State(Settings settings_in, Parts parts_in)
    : settings(std::move(settings_in)),
      parts(std::move(parts_in)),
      files("containers", 2, 1000),
      scope(parts.executor) {}

guest::Record Containers::State::require(GuestId id) const {
  return parts.registry.require(id, GuestKind::container);
}

const ParsedConfig& Containers::State::config(const guest::Record& record) {
  const guest::ConfigText text = parts.registry.config(record);
  ParsedConfig& entry = parsed[record.id];
  if (entry.revision != text.revision || entry.digest != text.digest)
    entry = {text.revision, text.digest,
             guest::parse_config(text.text, grammar(), record.id).config};
  return entry;
}

std::string Containers::State::changed_text(
    const std::string& text, GuestId id, const std::function<void(guest::GuestConfig&)>& change) {
  auto config = guest::parse_config(text, grammar(), id).config;
  change(config);
  config.clean_pending();
  return guest::write_config(std::move(config), grammar());
}

void Containers::State::check_lock(const guest::GuestConfig& config, bool skip) const {
  if (!skip && config.main.has("lock"))
    throw Error::busy("CT is locked (" + std::string(config.main.get("lock")) + ")", "");
}

void Containers::State::check(const Caller& caller, GuestId id, access::Privilege privilege) const {
  parts.permissions.check(caller.user, "/vms/" + id.text(), {privilege});
}

void Containers::State::check_keys(const Caller& caller, std::string_view path,
                                   const guest::Values& set,
                                   const std::vector<std::string>& unset) const {
  const auto demand = [&](std::string_view key) {
    if (const auto privilege = privilege_for(key))
      parts.permissions.check(caller.user, path, {*privilege});
    else if (!caller.user.is_root())
      throw Error::forbidden("only root@pam can set '" + std::string(key) + "'");
  };
  for (const auto& [key, value] : set) {
    // That a container is unprivileged takes nobody's leave; the opposite does.
    if (key == "unprivileged" && value == "1") continue;
    demand(key);
    if (!is_net_key(key)) continue;
    const NetworkCard card = parse_card(key, value);
    if (const auto bridge = card.get("bridge"); !bridge.empty()) {
      std::string zone = "/sdn/zones/localnetwork/" + std::string(bridge);
      if (const auto tag = card.get("tag"); !tag.empty()) zone += "/" + std::string(tag);
      parts.permissions.check(caller.user, zone, {access::Privilege::sdn_use});
    }
  }
  for (const std::string& key : unset) demand(key);
}

void Containers::State::check_volume(const Caller& caller, GuestId id,
                                     const MountPoint& mount) const {
  if (!mount.names_volume()) {
    if (!caller.user.is_root())
      throw Error::forbidden("mount point type bind is only allowed for root@pam");
    return;
  }
  const auto volume = storage::parse_volume_id(mount.source());
  if (is_own_volume(mount.source(), id)) return;
  parts.permissions.check(caller.user, "/storage/" + volume.storage,
                          {access::Privilege::datastore_allocate});
}

HostFacts Containers::State::host() const {
  HostFacts facts;
  facts.cgroup2 = cgroups.version2();
  facts.memory = cgroups.has_controller("memory");
  facts.swap = cgroups.limits_swap();
  facts.cpu = cgroups.has_controller("cpu");
  facts.cpuset = cgroups.has_controller("cpuset");
  facts.cpus = std::max(1U, std::thread::hardware_concurrency());
  const auto apparmor = sys::read_file_if_exists("/sys/module/apparmor/parameters/enabled");
  facts.apparmor = apparmor && apparmor->starts_with("Y") && sys::exists("/sbin/apparmor_parser");
  facts.seccomp_profile = sys::exists("/usr/share/lxc/config/common.seccomp");
  return facts;
}

unsigned Containers::State::root_id(const guest::ConfigSection& config) const {
  return flag(config, "unprivileged", false) ? settings.first_id : 0;
}

guest::Holder Containers::State::holder(task::Context& context, std::string operation,
                                        guest::Strength strength) const {
  task::Context* const task = &context;  // lives as long as the task's work
  return {context.upid().text(), std::move(operation), strength, context.cancel(),
          [task](std::string text) { task->waits_for(std::move(text)); }};
}

Containers::Containers(Settings settings, Parts parts)
    : state_(std::make_shared<State>(std::move(settings), std::move(parts))) {}

Containers::~Containers() {
  state_->scope.stop();
}

void Containers::register_undo() {
  auto& handlers = state_->parts.tasks.undo_handlers();
  const std::weak_ptr<State> weak = state_;
  handlers.add("ct.run",
               [weak](json::object details) { return undo_run(weak.lock(), std::move(details)); });
  handlers.add("ct.volume", [weak](json::object details) {
    return undo_volume(weak.lock(), std::move(details));
  });
  handlers.add("ct.destroy", [weak](json::object details) {
    return finish_destroy(weak.lock(), std::move(details));
  });
}

sys::Async<void> Containers::start() {
  const auto state = state_;
  sys::make_directories(state->settings.run_folder, 0700);
  for (const std::string& name : sys::list_directory(state->settings.run_folder)) {
    const auto number = to_integer(name);
    if (!number || *number < 100) continue;
    // Each by itself: one that hangs must not keep the others from being found.
    state->scope.spawn("adopting container " + name,
                       State::adopt(state, GuestId{static_cast<std::uint32_t>(*number)}));
  }
  state->scope.spawn("figures of containers", State::sample_all(state));
  co_return;
}

sys::Async<void> Containers::stop() {
  state_->scope.stop();
  co_await state_->scope.join();
}

bool Containers::running(GuestId id) const {
  return state_->find(id) != nullptr;
}

std::shared_ptr<void> Containers::subscribe(Listener listener) {
  auto shared = std::make_shared<Listener>(std::move(listener));
  state_->listeners.push_back(shared);
  return shared;
}

sys::Async<void> Containers::release(GuestId id) {
  co_await State::release(state_, id);
}

}  // namespace posada::ct
