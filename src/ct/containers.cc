#include "ct/containers.h"

#include <algorithm>
#include <thread>

#include "access/permissions.h"
#include "base/error.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "guest/change.h"
#include "guest/destroy.h"
#include "storage/volume_id.h"
#include "sys/file.h"

namespace posada::ct {

namespace {

const guest::Words container_words = {
    .kind = GuestKind::container,
    .noun = "CT",
    .code = "ct",
    .task = "vz",
    .long_name = "container",
    .template_refusal = "you can't start a CT if it's a template",
    .shutdown_failed = "container did not stop",
    .stops_now = "container still running - terminating now",
    .changed_meanwhile = "detected modified configuration - file changed by other user? Try again.",
    .never_shrinks = "unable to shrink disk size"};

}  // namespace

Containers::State::State(Settings settings_in, Parts parts_in)
    : Guests(container_words, grammar(), parts_in),
      settings(std::move(settings_in)),
      workers(parts_in.workers),
      network_namespace(std::move(parts_in.network_namespace)),
      files("containers", 2, 1000),
      scope(parts.executor) {}

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
  if (guest::is_own_volume(mount.source(), id)) return;
  parts.permissions.check(caller.user, "/storage/" + volume.storage,
                          {access::Privilege::datastore_allocate});
}

HostFacts Containers::State::host() const {
  HostFacts facts;
  facts.cgroup2 = cgroups.version2();
  facts.memory = cgroups.has_controller("memory");
  facts.swap = cgroups.limits_swap();
  facts.cpu = cgroups.has_controller("cpu");
  facts.devices = facts.cgroup2 || cgroups.has_controller("devices");
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
    return guest::finish_drop(weak.lock(), std::move(details));
  });
  handlers.add("ct.resize", [weak](json::object details) {
    return finish_resize(weak.lock(), std::move(details));
  });
  handlers.add("ct.destroy", [weak](json::object details) {
    return guest::finish_destroy(weak.lock(), std::move(details));
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
  return state_->subscribe(std::move(listener));
}

sys::Async<void> Containers::release(GuestId id) {
  co_await State::release(state_, id);
}

}  // namespace posada::ct
