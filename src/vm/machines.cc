#include "vm/machines.h"

#include <algorithm>

#include "access/permissions.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/log.h"
#include "sys/process_status.h"
#include "vm/config_edit.h"
#include "vm/machine_state.h"

namespace posada::vm {

Error not_running(GuestId id) {
  return Error::failed("vm.not-running", "VM " + id.text() + " not running");
}

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

Machines::State::State(Settings settings_in, Parts parts_in)
    : settings(std::move(settings_in)),
      parts(std::move(parts_in)),
      cgroups("posada/" + settings.instance),
      files("machines", 2, 1000),
      scope(parts.executor),
      probing(parts.executor) {}

guest::Record Machines::State::require(GuestId id) const {
  return parts.registry.require(id, GuestKind::vm);
}

const Parsed& Machines::State::config(const guest::Record& record) {
  const guest::ConfigText text = parts.registry.config(record);
  Parsed& entry = parsed[record.id];
  if (entry.revision != text.revision || entry.digest != text.digest) {
    entry = {text.revision, text.digest,
             guest::parse_config(text.text, grammar(), record.id).config};
  }
  return entry;
}

std::string Machines::State::changed_text(const std::string& text, GuestId id,
                                          const std::function<void(guest::GuestConfig&)>& change) {
  auto config = guest::parse_config(text, grammar(), id).config;
  change(config);
  config.clean_pending();
  return guest::write_config(std::move(config), grammar());
}

void Machines::State::check_lock(const guest::GuestConfig& config, bool skip) const {
  if (!skip && config.main.has("lock")) {
    throw Error::busy("VM is locked (" + std::string(config.main.get("lock")) + ")", "");
  }
}

void Machines::State::check(const Caller& caller, GuestId id, access::Privilege privilege) const {
  parts.permissions.check(caller.user, "/vms/" + id.text(), privilege);
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
  facts.bridge_mtu = parts.network.bridge_mtu;
  facts.firmware_folder = settings.firmware_folder;
  if (const auto* models = parts.mirror.find("virtual-guest/cpu-models.conf")) {
    facts.custom_cpus = parse_cpu_models(models->value);
  }
  co_return facts;
}

guest::Holder Machines::State::holder(task::Context& context, std::string operation,
                                      guest::Strength strength) const {
  task::Context* const task = &context;  // lives as long as the task's work
  return {context.upid().text(), std::move(operation), strength, context.cancel(),
          [task](std::string text) { task->waits_for(std::move(text)); }};
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
  handlers.add("vm.volume", [weak](json::object details) -> sys::Async<std::string> {
    return undo_volume(weak.lock(), std::move(details));
  });
  handlers.add("vm.snapshot", [weak](json::object details) -> sys::Async<std::string> {
    return undo_snapshot(weak.lock(), std::move(details));
  });
  handlers.add("vm.snapshot-work", [weak](json::object details) -> sys::Async<std::string> {
    return finish_snapshot_work(weak.lock(), std::move(details));
  });
  handlers.add("vm.destroy", [weak](json::object details) -> sys::Async<std::string> {
    return finish_destroy(weak.lock(), std::move(details));
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
  state->scope.spawn("figures of machines", State::sample_all(state));
  const std::weak_ptr<State> weak = state;
  state->config_changes = state->parts.registry.subscribe([weak](const guest::Record& record,
                                                                 const guest::ConfigText&) {
    const auto self = weak.lock();
    const auto run = self ? self->find(record.id) : nullptr;
    if (run && run->qmp) {
      self->scope.spawn("reset of machine " + record.id.text(), State::arrange_reset(self, run));
    }
  });
  co_return;
}

sys::Async<void> Machines::stop() {
  state_->config_changes.reset();
  state_->scope.stop();
  co_await state_->scope.join();
}

bool Machines::running(GuestId id) const {
  return state_->find(id) != nullptr;
}

std::shared_ptr<void> Machines::subscribe(Listener listener) {
  auto shared = std::make_shared<Listener>(std::move(listener));
  state_->listeners.push_back(shared);
  return shared;
}

sys::Async<void> Machines::release(GuestId id) {
  co_await State::release(state_, id);
}

}  // namespace posada::vm
