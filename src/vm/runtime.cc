// Runs of machines: following, adopting, releasing and sampling QEMU (machine_state.h).
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "guest/hook.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/file_replace.h"
#include "sys/host.h"
#include "sys/log.h"
#include "sys/process_status.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

constexpr sys::Milliseconds sampling_time(2000);
constexpr int kill_signal = 9;

std::string record_file(const std::string& folder) {
  return folder + "/record.json";
}

std::optional<RuntimeRecord> read_record(const std::string& folder) {
  const auto text = sys::read_file_if_exists(record_file(folder));
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const json::value value = json::parse(*text, error);
  return error ? std::nullopt : runtime_record(value);
}

}  // namespace

std::shared_ptr<Running> Machines::State::find(GuestId id) const {
  const auto found = running.find(id);
  return found == running.end() ? nullptr : found->second;
}

std::shared_ptr<Running> Machines::State::require_running(GuestId id) const {
  auto run = find(id);
  if (!run || !run->qmp || run->qmp->closed()) throw not_running(id);
  return run;
}

sys::Async<void> Machines::State::save(std::shared_ptr<Running> run) {
  const std::string file = record_file(folder(run->record.guest));
  std::string text = json::serialize(to_json(run->record));
  // It is of this boot only.
  co_await files.run([file, text = std::move(text)] { sys::replace_file(file, text, 0600); });
}

void Machines::State::hear(GuestId id, const QmpEvent& event) {
  const auto run = find(id);
  if (!run) return;
  if (event.name == "DEVICE_DELETED") {
    run->released.insert(text_member(event.data, "device").value_or(""));
    run->unplugged.set();
  }
  if (event.name == "BLOCK_IO_ERROR") {
    sys::log_warning("machine {}: {} error on {}: {}", id.text(),
                     text_member(event.data, "operation").value_or("I/O"),
                     text_member(event.data, "node-name").value_or("a disk"),
                     text_member(event.data, "reason").value_or("no reason given"));
  }
  const std::string before = run->state;
  if (event.name == "STOP" || event.name == "SUSPEND") run->state = "paused";
  if (event.name == "RESUME" || event.name == "WAKEUP") run->state = "running";
  if (event.name == "SHUTDOWN") run->state = "shutdown";
  if (event.name == "RESET" && text_member(event.data, "reason") == "guest-reset") {
    bring_changes_in(run);
  }
  if (run->state != before) tell(id, run->state);
  // Whether it was told to stop, or stopped by an error of its disk or of itself, is not said.
  if (event.name == "STOP" || event.name == "SUSPEND" || event.name == "GUEST_PANICKED") {
    scope.spawn("state of machine " + id.text(), ask_state(shared(), run));
  }
}

sys::Async<void> Machines::State::ask_state(std::shared_ptr<State> self,
                                            std::shared_ptr<Running> run) {
  if (!run->qmp || run->qmp->closed()) co_return;
  const GuestId id = run->record.guest;
  try {
    const json::value status = co_await run->qmp->execute("query-status");
    const auto state = text_member(status.as_object(), "status").value_or(run->state);
    if (state == run->state) co_return;
    run->state = state;
    if (state == "io-error" || state == "internal-error" || state == "guest-panicked") {
      sys::log_warning("machine {} stopped: {}", id.text(), state);
    }
    self->tell(id, state);
  } catch (const Error& error) {
    // It ended meanwhile; that is told by itself.
    sys::log_debug("machine {}: state: {}", id.text(), error.what());
  }
}

sys::Async<void> Machines::State::attach(std::shared_ptr<State> self,
                                         std::shared_ptr<Running> run) {
  const GuestId id = run->record.guest;
  const std::string folder = self->folder(id);
  sys::Fd socket = co_await sys::connect_unix(self->parts.executor, folder + "/qmp");
  const std::weak_ptr<State> weak = self;
  auto qmp = std::make_unique<Qmp>(self->parts.executor, std::move(socket),
                                   [weak, id](const QmpEvent& event) {
                                     if (const auto state = weak.lock()) state->hear(id, event);
                                   });
  co_await qmp->greet(sys::Milliseconds(30000));
  const json::value status = co_await qmp->execute("query-status");
  run->state = text_member(status.as_object(), "status").value_or("running");
  run->qmp = std::move(qmp);  // only now: whoever finds it may use it
  run->agent = std::make_unique<Agent>(self->parts.executor, folder + "/qga");
}

void Machines::State::start_again(std::shared_ptr<State> self, GuestId id) {
  if (!self->parts.registry.find(id)) return;
  self->parts.tasks.start(
      {"qmstart", id.text(), Identity{"root@pam", ""}, ""},
      [self, id](task::Context& context) { return power_on(self, context, id, StartOptions()); });
}

sys::Async<void> Machines::State::follow(std::shared_ptr<State> self,
                                         std::shared_ptr<Running> run) {
  const GuestId id = run->record.guest;
  const int status = co_await run->child->wait();
  run->last_words = last_words(self->folder(id) + "/qemu.log");
  // An adopted process does not tell its status.
  if (status > 0 && !run->end_wanted) {
    sys::log_warning("machine {}: QEMU ended with status {}: {}", id.text(), status,
                     run->last_words);
  } else {
    sys::log_info("machine {} has ended", id.text());
  }
  co_await release(self, id);
  co_await guest::run_post_stop(self, run);
  if (self->find(id) == run) self->running.erase(id);
  run->ended.set();
  self->tell(id, "stopped");
  // An earlier daemon had ended it to start it anew.
  if (run->record.restart && !run->end_wanted) start_again(self, id);
}

namespace {

sys::Async<void> end_process(sys::Executor executor, int pid, std::uint64_t ticks) {
  auto child = sys::adopt(executor, pid, ticks);
  if (!child) co_return;
  child->signal(kill_signal);
  co_await child->wait();
}

}  // namespace

sys::Async<void> Machines::State::release(std::shared_ptr<State> self, GuestId id) {
  // The end of a process and whoever ended it both come here.
  auto& mutex = self->releasing[id];
  if (!mutex) mutex = std::make_shared<sys::AsyncMutex>(self->parts.executor);
  const auto kept = mutex;
  const auto turn = co_await kept->lock();
  co_await release_alone(self, id);
}

sys::Async<void> Machines::State::release_alone(std::shared_ptr<State> self, GuestId id) {
  const std::string folder = self->folder(id);
  auto record = read_record(folder);
  const std::string boot = sys::boot_id();
  if (record && record->boot == boot) {
    co_await end_process(self->parts.executor, record->pid, record->start_ticks);
  }
  // A daemon that died between starting QEMU and writing the record leaves only the mark.
  if (!record) {
    for (const int pid : sys::processes_with(self->mark(id))) {
      co_await end_process(self->parts.executor, pid, sys::start_ticks(pid));
    }
  }
  failpoint("vm.release.process");
  if (self->network.unplug && sys::exists(folder)) {
    for (int i = 0; i < 32; ++i) {
      const std::string key = "net" + std::to_string(i);
      if (!record || record->interfaces.contains(key)) {
        co_await self->network.unplug(id, key);
      }
    }
  }
  failpoint("vm.release.network");
  self->cgroups.remove(self->group(id));
  if (record) self->uids.erase(record->uid);
  co_await self->files.run([folder] { sys::remove_tree(folder); });
}

sys::Async<void> Machines::State::adopt(std::shared_ptr<State> self, GuestId id) {
  const auto record = read_record(self->folder(id));
  auto child = record && record->boot == sys::boot_id()
                   ? sys::adopt(self->parts.executor, record->pid, record->start_ticks)
                   : std::nullopt;
  if (!child) {
    const bool again = record && record->restart && record->boot == sys::boot_id();
    co_await release(self, id);
    if (again) start_again(self, id);
    co_return;
  }
  auto run = std::make_shared<Running>(id, self->parts.executor);
  run->record = *record;
  run->child = std::move(child);
  self->running[id] = run;
  if (record->uid != 0) self->uids.insert(record->uid);
  self->scope.spawn("machine " + id.text(), follow(self, run));
  try {
    co_await attach(self, run);
    sys::log_info("machine {} found running (process {})", id.text(), record->pid);
    if (std::exchange(run->record.restart, false)) self->bring_changes_in(run);
  } catch (const Error& error) {
    // It runs and does not answer: shown as such, and it can still be stopped.
    sys::log_warning("machine {} runs but its monitor does not answer: {}", id.text(),
                     error.what());
  }
}

namespace {

void take_block_stats(Figures& figures, const json::value& answer) {
  figures.disk_read = figures.disk_written = 0;
  figures.block_stats = {};
  for (const json::value& item : answer.as_array()) {
    const json::object& block = item.as_object();
    const auto device = text_member(block, "qdev").value_or("");
    std::string key = device.substr(0, device.find("/virtio-backend"));
    key = key.substr(key.rfind('/') + 1);
    const auto* stats = block.if_contains("stats");
    if (key.empty() || stats == nullptr || !is_drive_key(key)) continue;
    figures.block_stats[key] = *stats;
    figures.disk_read +=
        static_cast<std::uint64_t>(integer_member(stats->as_object(), "rd_bytes").value_or(0));
    figures.disk_written +=
        static_cast<std::uint64_t>(integer_member(stats->as_object(), "wr_bytes").value_or(0));
  }
}

// Memory that the guest itself says it uses; nothing without its driver.
std::optional<std::uint64_t> guest_memory(Figures& figures, const json::value& answer) {
  const json::object* object = answer.if_object();
  const json::value* stats = object ? object->if_contains("stats") : nullptr;
  if (stats == nullptr || !stats->is_object()) return std::nullopt;
  const auto total = integer_member(stats->get_object(), "stat-total-memory").value_or(-1);
  const auto free = integer_member(stats->get_object(), "stat-free-memory").value_or(-1);
  if (total <= 0 || free < 0 || free > total) return std::nullopt;
  figures.balloon_info["total_mem"] = total;
  figures.balloon_info["free_mem"] = free;
  return static_cast<std::uint64_t>(total - free);
}

}  // namespace

sys::Async<void> Machines::State::sample(std::shared_ptr<State> self,
                                         std::shared_ptr<Running> run) {
  Figures& figures = run->figures;
  const auto usage = sys::process_usage(run->record.pid);
  const auto now = self->parts.clock.boot_time();
  if (!usage || !run->qmp || run->qmp->closed()) co_return;
  const double elapsed = std::chrono::duration<double>(now - figures.sampled).count();
  const auto cpus = std::max<std::int64_t>(
      1, integer(run->record.config, "cores", 1) * integer(run->record.config, "sockets", 1));
  if (figures.sampled.count() > 0 && elapsed > 0) {
    figures.cpu = (usage->cpu_seconds - figures.cpu_seconds) / elapsed / static_cast<double>(cpus);
  }
  figures.sampled = now;
  figures.cpu_seconds = usage->cpu_seconds;
  figures.host_memory =
      usage->proportional_bytes > 0 ? usage->proportional_bytes : usage->resident_bytes;
  figures.memory = figures.host_memory;
  figures.net_in = figures.net_out = 0;
  for (const auto& [key, interface] : run->record.interfaces) {
    if (!self->network.counters) break;
    if (const auto counters = self->network.counters(interface)) {
      figures.nics[interface] = *counters;
      figures.net_in += counters->in;
      figures.net_out += counters->out;
    }
  }
  constexpr sys::Milliseconds patience(1500);
  take_block_stats(figures, co_await run->qmp->execute("query-blockstats", {}, patience));
  if (run->record.config.get("balloon") == "0") co_return;
  const json::value balloon = co_await run->qmp->execute("query-balloon", {}, patience);
  figures.balloon = integer_member(balloon.as_object(), "actual").value_or(0);
  const json::value stats = co_await run->qmp->execute(
      "qom-get", {{"path", "/machine/peripheral/balloon0"}, {"property", "guest-stats"}}, patience);
  figures.balloon_info = {{"actual", figures.balloon}};
  if (const auto used = guest_memory(figures, stats)) figures.memory = *used;
}

sys::Async<void> Machines::State::sample_all(std::shared_ptr<State> self) {
  while (true) {
    co_await self->parts.clock.sleep(sampling_time);
    const auto runs = self->running;
    for (const auto& [id, run] : runs) {
      if (run->ended.is_set()) continue;
      try {
        co_await sample(self, run);
      } catch (const Error& error) {
        // The figures keep their age; a monitor that hangs is not worth a line every two seconds.
        sys::log_debug("machine {}: no figures: {}", id.text(), error.what());
      }
    }
  }
}

}  // namespace posada::vm
