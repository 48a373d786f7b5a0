#include "vm/machines.h"

#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/text.h"
#include "guest/change.h"
#include "guest/destroy.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/log.h"
#include "sys/process_status.h"
#include "vm/config_edit.h"
#include "vm/machine_state.h"

namespace posada::vm {

std::string last_words(const std::string& log) {
  auto lines = split_list(sys::read_file_if_exists(log).value_or(""), "\n");
  constexpr std::size_t most = 8;
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - most);
  for (std::string& line : lines) {
    // "qemu-system-x86_64: …" says nothing that the reader does not know.
    if (const std::size_t at = line.find(": ");
        at != std::string::npos && line.starts_with("qemu-")) {
      line.erase(0, at + 2);
    }
  }
  return join(lines, "\n");
}

namespace {

const guest::Words machine_words = {
    .kind = GuestKind::vm,
    .noun = "VM",
    .code = "vm",
    .task = "qm",
    .long_name = "machine",
    .template_refusal = "you can't start a vm if it's a template",
    .shutdown_failed = "VM quit/powerdown failed - got timeout",
    .stops_now = "VM still running - terminating now",
    .changed_meanwhile = "checksum mismatch (file change by other user?)",
    .never_shrinks = "shrinking disks is not supported"};

}  // namespace

Machines::State::State(Settings settings_in, Parts parts_in)
    : Guests(machine_words, grammar(), parts_in),
      settings(std::move(settings_in)),
      network(std::move(parts_in.network)),
      cgroups("posada/" + settings.instance),
      files("machines", 2, 1000),
      scope(parts.executor),
      probing(parts.executor) {}

std::shared_ptr<Machines::State> Machines::State::shared() {
  return std::static_pointer_cast<State>(shared_from_this());
}

bool Machines::State::accelerated() const {
  switch (settings.acceleration) {
    case Acceleration::kvm:
      return true;
    case Acceleration::tcg:
      return false;
    case Acceleration::automatic:
      return sys::exists("/dev/kvm") && sys::cpu_virtualizes();
  }
  return false;
}

std::string Machines::State::folder(GuestId id) const {
  return settings.run_folder + "/" + id.text();
}

std::string Machines::State::mark(GuestId id) const {
  return "POSADA_GUEST=" + settings.instance + "/" + id.text();
}

sys::Async<Version> Machines::State::version() {
  if (qemu_version) co_return *qemu_version;
  const auto turn = co_await probing.lock();
  if (qemu_version) co_return *qemu_version;
  sys::Command command;
  command.arguments = {settings.qemu, "--version"};
  const auto finished = co_await sys::run_checked(std::move(command));
  const std::size_t at = finished.output.find("version ");
  if (at == std::string::npos) {
    throw Error::failed("vm.no-qemu", "'" + settings.qemu + "' does not tell its version");
  }
  qemu_version = Version::parse(std::string_view(finished.output).substr(at + 8));
  co_return *qemu_version;
}

sys::Async<HostFacts> Machines::State::host() {
  HostFacts facts;
  facts.node = settings.node;
  facts.qemu = co_await version();
  facts.accelerated = accelerated();
  facts.bridge_mtu = network.bridge_mtu;
  facts.firmware_folder = settings.firmware_folder;
  if (const auto* models = parts.mirror.find("virtual-guest/cpu-models.conf")) {
    facts.custom_cpus = parse_cpu_models(models->value);
  }
  co_return facts;
}

guest::Holder Machines::State::holder(std::string operation) const {
  return {"", std::move(operation), guest::Strength::normal, std::nullopt, {}};
}

Machines::Machines(Settings settings, Parts parts)
    : state_(std::make_shared<State>(std::move(settings), std::move(parts))) {}

Machines::~Machines() {
  state_->scope.stop();
}

void Machines::register_undo() {
  auto& handlers = state_->parts.tasks.undo_handlers();
  const std::weak_ptr<State> weak = state_;
  handlers.add("vm.runtime", [weak](json::object details) -> sys::Async<std::string> {
    return undo_run(weak.lock(), std::move(details));
  });
  handlers.add("vm.restart", [weak](json::object details) -> sys::Async<std::string> {
    const auto state = weak.lock();
    if (state && text_member(details, "boot") == sys::boot_id()) {
      state->interrupted_restarts.insert(guest::journalled_guest(details));
    }
    co_return std::string();
  });
  handlers.add("vm.volume", [weak](json::object details) -> sys::Async<std::string> {
    return guest::finish_drop(weak.lock(), std::move(details));
  });
  handlers.add("vm.resize", [weak](json::object details) -> sys::Async<std::string> {
    return guest::finish_resize(weak.lock(), std::move(details));
  });
  handlers.add("vm.snapshot", [weak](json::object details) -> sys::Async<std::string> {
    return undo_snapshot(weak.lock(), std::move(details));
  });
  handlers.add("vm.snapshot-work", [weak](json::object details) -> sys::Async<std::string> {
    return finish_snapshot_work(weak.lock(), std::move(details));
  });
  handlers.add("vm.destroy", [weak](json::object details) -> sys::Async<std::string> {
    return guest::finish_destroy(weak.lock(), std::move(details));
  });
}

sys::Async<void> Machines::start() {
  const auto state = state_;
  sys::make_directories(state->settings.run_folder, 0700);
  for (const std::string& name : sys::list_directory(state->settings.run_folder)) {
    const auto number = to_integer(name);
    if (number && *number >= 100) {
      const GuestId id{static_cast<std::uint32_t>(*number)};
      // Each by itself: one that hangs must not keep the others from being found.
      state->scope.spawn("adopting machine " + name, State::adopt(state, id));
    }
  }
  for (const GuestId id : std::exchange(state->interrupted_restarts, {})) {
    // Where there is a folder, its record says whether it has yet to start.
    if (!sys::exists(state->folder(id))) State::start_again(state, id);
  }
  state->scope.spawn("figures of machines", State::sample_all(state));
  co_return;
}

sys::Async<void> Machines::stop() {
  state_->scope.stop();
  co_await state_->scope.join();
}

bool Machines::running(GuestId id) const {
  return state_->find(id) != nullptr;
}

std::shared_ptr<void> Machines::subscribe(Listener listener) {
  return state_->subscribe(std::move(listener));
}

sys::Async<void> Machines::release(GuestId id) {
  co_await State::release(state_, id);
}

}  // namespace posada::vm
