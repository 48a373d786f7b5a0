// Running containers: finding, watching, measuring and cleaning up after them (container_state.h).
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "ct/container_state.h"
#include "guest/hook.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/host.h"
#include "sys/log.h"

namespace posada::ct {

namespace {

constexpr sys::Milliseconds sample_interval(5000);
constexpr sys::Milliseconds look_again(50);
constexpr int most_looks = 200;

// "eth0: 123 4 … 567 …": bytes received are the first figure, sent the ninth.
void add_traffic(const std::string& table, Figures& figures) {
  for (const std::string& line : split(table, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || trim(line.substr(0, colon)) == "lo") continue;
    const auto numbers = split_list(line.substr(colon + 1), " ");
    if (numbers.size() < 9) continue;
    figures.net_in += static_cast<std::uint64_t>(to_integer(numbers[0]).value_or(0));
    figures.net_out += static_cast<std::uint64_t>(to_integer(numbers[8]).value_or(0));
  }
}

Figures measure(const sys::CgroupView& cgroups, const std::string& group, int init) {
  Figures figures;
  if (const auto counted = cgroups.figures(guest_group(group))) {
    figures.cpu_nanoseconds = counted->cpu_nanoseconds;
    figures.memory = counted->memory;
    figures.swap = counted->swap;
    figures.disk_read = counted->read_bytes;
    figures.disk_written = counted->written_bytes;
  }
  const std::string process = "/proc/" + std::to_string(init);
  try {
    add_traffic(sys::read_file_if_exists(process + "/net/dev").value_or(""), figures);
    const sys::Space space = sys::space_of(sys::open_directory(process + "/root"));
    figures.disk_total = space.total;
    figures.disk_used = space.used;
  } catch (const Error& error) {
    sys::log_debug("process {} of a container: {}", init, error.what());  // it ended meanwhile
  }
  return figures;
}

json::object read_object(const std::string& path) {
  const auto text = sys::read_file_if_exists(path);
  boost::system::error_code error;
  const json::value value = json::parse(text.value_or("{}"), error);
  return !error && value.is_object() ? value.as_object() : json::object();
}

}  // namespace

std::shared_ptr<Running> Containers::State::find(GuestId id) const {
  const auto found = running.find(id);
  return found == running.end() ? nullptr : found->second;
}

std::shared_ptr<Running> Containers::State::require_running(GuestId id) const {
  auto run = find(id);
  if (!run) throw not_running(id);
  return run;
}

sys::Async<void> Containers::State::follow(std::shared_ptr<State> self,
                                           std::shared_ptr<Running> run) {
  co_await run->monitor->wait();
  co_await release(self, run->guest);
}

std::optional<sys::Child> Containers::State::monitor_of(std::shared_ptr<State> self, GuestId id) {
  const json::object started = read_object(self->folder(id) + "/started.json");
  if (text_member(started, "boot") != sys::boot_id()) return std::nullopt;
  const auto number = [&](const char* key) { return integer_member(started, key).value_or(0); };
  return sys::adopt(self->parts.executor, static_cast<int>(number("monitor")),
                    static_cast<std::uint64_t>(number("monitor_ticks")));
}

sys::Async<void> Containers::State::adopt(std::shared_ptr<State> self, GuestId id) {
  const std::string place = self->folder(id);
  auto monitor = monitor_of(self, id);
  if (!monitor) {
    co_await release(self, id);
    co_return;
  }
  const json::object order = read_object(place + "/order.json");
  const json::object started = read_object(place + "/started.json");
  auto run = std::make_shared<Running>(id, self->parts.executor);
  run->init = static_cast<int>(integer_member(started, "init").value_or(0));
  run->started = integer_member(order, "started").value_or(0);
  run->config =
      guest::parse_config(text_member(order, "config").value_or(""), grammar(), id).config.main;
  run->monitor = std::move(monitor);
  run->frozen = self->cgroups.frozen(guest_group(self->group(id)));
  self->running[id] = run;
  self->scope.spawn("container " + id.text(), follow(self, run));
  self->tell(id, "running");
}

sys::Async<void> Containers::State::release(std::shared_ptr<State> self, GuestId id) {
  const std::string group = self->group(id);
  const std::string place = self->folder(id);
  const auto run = self->find(id);
  auto& turn = self->releasing[id];
  if (!turn) turn = std::make_shared<sys::AsyncMutex>(self->parts.executor);
  const auto mutex = turn;
  const auto alone = co_await mutex->lock();
  if (self->find(id) != run) co_return;  // done meanwhile
  for (int look = 0; look < most_looks; ++look) {
    const auto left = co_await self->files.run([self, group] {
      self->cgroups.freeze(guest_group(group), false);  // what is frozen does not end
      auto pids = self->cgroups.processes(group);
      if (pids.empty() && self->cgroups.remove(group)) return pids;
      return pids.empty() ? std::vector<int>{0} : pids;  // the kernel is still at it
    });
    if (left.empty()) break;
    for (const int pid : left) {
      const auto process =
          pid > 0 ? sys::adopt(self->parts.executor, pid, sys::start_ticks(pid)) : std::nullopt;
      if (process) process->signal(kill_signal);
    }
    co_await self->parts.clock.sleep(look_again);
  }
  co_await self->files.run([place] { sys::remove_tree(place); });
  if (!run) co_return;
  co_await guest::run_post_stop(self, run);
  self->running.erase(id);
  run->ended.set();
  self->tell(id, "stopped");
}

sys::Async<void> Containers::State::sample(std::shared_ptr<State> self,
                                           std::shared_ptr<Running> run) {
  // liblxc handles a reboot from inside by itself: then process 1 is another one.
  const int monitor = run->monitor->pid();
  const std::string group = self->group(run->guest);
  const int known = run->init;
  const auto [init, figures] = co_await self->files.run([self, group, monitor, known] {
    int current = known;
    if (!sys::exists("/proc/" + std::to_string(known))) {
      const std::string pid = std::to_string(monitor);
      const auto children =
          sys::read_file_if_exists("/proc/" + pid + "/task/" + pid + "/children").value_or("");
      current = static_cast<int>(to_integer(trim(children)).value_or(known));
    }
    return std::pair(current, measure(self->cgroups, group, current));
  });
  const Figures before = run->figures;
  run->init = init;
  run->figures = figures;
  run->figures.sampled = self->parts.clock.boot_time();
  const double seconds =
      std::chrono::duration<double>(run->figures.sampled - before.sampled).count();
  const double cpus =
      std::max<double>(1, static_cast<double>(integer(run->config, "cores", self->host().cpus)));
  if (before.sampled.count() > 0 && seconds > 0 &&
      figures.cpu_nanoseconds >= before.cpu_nanoseconds)
    run->figures.cpu = static_cast<double>(figures.cpu_nanoseconds - before.cpu_nanoseconds) / 1e9 /
                       seconds / cpus;
}

sys::Async<void> Containers::State::sample_all(std::shared_ptr<State> self) {
  for (;;) {
    const auto all = self->running;
    for (const auto& [id, run] : all) co_await sample(self, run);
    co_await self->parts.clock.sleep(sample_interval);
  }
}

// Limits depend on each other (memory may not pass memory and swap together): whatever the kernel
// refuses is tried again when the others are set.
void Containers::State::apply_limits(GuestId id, const guest::ConfigSection& config) const {
  std::vector<Limit> waiting = limits(id, config, host());
  for (int pass = 0; pass < 2; ++pass) {
    std::erase_if(waiting, [&](const Limit& limit) {
      return cgroups.set(guest_group(group(id)), limit.controller, limit.file, limit.value);
    });
  }
  for (const Limit& limit : waiting)
    sys::log_warning("container {}: {} could not be set to {}", id.text(), limit.file, limit.value);
}

sys::Async<std::string> undo_run(std::shared_ptr<Containers::State> state, json::object details) {
  if (!state) co_return std::string();
  const GuestId id = guest::journalled_guest(details);
  co_await Containers::State::release(state, id);
  co_return "stopped container " + id.text();
}

}  // namespace posada::ct
