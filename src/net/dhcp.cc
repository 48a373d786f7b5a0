#include "net/dhcp.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "net/instance_network.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/process_status.h"

namespace posada::net {
namespace {

constexpr int terminate = 15;
constexpr const char* mark_name = "POSADA_DHCP";
constexpr sys::Milliseconds first_pause{500};
constexpr sys::Milliseconds longest_pause{60'000};

// Name servers that a program in another namespace can reach: not the host's loopback ones.
std::vector<std::string> outside_name_servers() {
  std::vector<std::string> servers;
  for (const char* file : {"/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"}) {
    for (const std::string& line : split(sys::read_file_if_exists(file).value_or(""), '\n')) {
      const std::vector<std::string> words = split_list(line, " \t");
      if (words.size() < 2 || words[0] != "nameserver") continue;
      if (words[1].starts_with("127.") || words[1] == "::1") continue;
      if (words[1].find(':') != std::string::npos) continue;  // the namespace has no IPv6 way out
      servers.push_back(words[1]);
    }
    if (!servers.empty()) break;
  }
  return servers;
}

}  // namespace

struct Dhcp::State {
  State(DhcpSettings settings_, sys::Clock& clock_, sys::Executor executor_)
      : settings(std::move(settings_)), clock(clock_), executor(executor_), scope(executor_) {}

  DhcpSettings settings;
  sys::Clock& clock;
  sys::Executor executor;
  sys::Scope scope;

  std::string lease_file() const { return settings.folder + "/dnsmasq.leases"; }
  // Marks what a daemon has started, even when it was killed before it could write that down.
  std::string mark() const { return settings.folder; }

  std::vector<std::string> arguments(const Plan& plan) const;
  sys::Child launch(const Plan& plan) const;
  // Those that an earlier daemon started.
  std::vector<sys::Child> running() const;
};

std::vector<std::string> Dhcp::State::arguments(const Plan& plan) const {
  std::vector<std::string> out = {
      "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
      // Only the bridge: nothing is answered on the link to the host.
      "--interface=" + settings.interface, "--except-interface=lo", "--bind-interfaces",
      "--dhcp-range=" + plan.first + "," + plan.last + ",255.255.255.0,12h",
      "--dhcp-leasefile=" + lease_file(), "--dhcp-authoritative", "--dhcp-lease-max=200",
      "--no-hosts", "--no-resolv", "--no-poll", "--domain-needed", "--bogus-priv",
      "--domain=posada.internal", "--local=/posada.internal/", "--log-facility=/dev/null",
      "--user=nobody", "--group=nogroup", "--pid-file="};
  for (const std::string& server : outside_name_servers()) out.push_back("--server=" + server);
  return out;
}

sys::Child Dhcp::State::launch(const Plan& plan) const {
  sys::make_directories(settings.folder, 0755);
  const std::size_t slash = settings.namespace_path.rfind('/');
  const sys::Fd space = sys::Folder(settings.namespace_path.substr(0, slash))
                            .open(settings.namespace_path.substr(slash + 1), false);
  sys::Command command;
  command.arguments = arguments(plan);
  command.network_namespace = space.get();
  command.environment[mark_name] = mark();
  return sys::spawn(executor, command);
}

std::vector<sys::Child> Dhcp::State::running() const {
  std::vector<sys::Child> result;
  for (const int pid : sys::processes_with(std::string(mark_name) + "=" + mark())) {
    if (auto child = sys::adopt(executor, pid, sys::start_ticks(pid))) {
      result.push_back(std::move(*child));
    }
  }
  return result;
}

namespace {

sys::Async<void> watch(std::shared_ptr<Dhcp::State> state, Plan plan, sys::Child child) {
  sys::Milliseconds pause = first_pause;
  for (;;) {
    const sys::BootTime began = state->clock.boot_time();
    const int status = co_await child.wait();
    sys::log_warning("dnsmasq of {} ended with status {}, starting it again",
                     state->settings.interface, status);
    if (state->clock.boot_time() - began > longest_pause) pause = first_pause;
    co_await state->clock.sleep(pause);
    pause = std::min(pause * 2, longest_pause);
    child = state->launch(plan);
  }
}

sys::Async<void> end_running(std::shared_ptr<Dhcp::State> state) {
  for (sys::Child& child : state->running()) {
    child.signal(terminate);
    co_await child.wait();
  }
}

}  // namespace

Dhcp::Dhcp(DhcpSettings settings, sys::Clock& clock, sys::Executor executor)
    : state_(std::make_shared<State>(std::move(settings), clock, executor)) {}

Dhcp::~Dhcp() = default;

std::string Dhcp::lease_file() const {
  return state_->lease_file();
}

sys::Async<void> Dhcp::start(Plan plan) {
  const std::shared_ptr<State> state = state_;
  co_await end_running(state);
  state->scope.spawn("dnsmasq", watch(state, plan, state->launch(plan)));
}

sys::Async<void> Dhcp::stop_watching() {
  state_->scope.stop();
  co_await state_->scope.join();
}

sys::Async<void> Dhcp::end() {
  const std::shared_ptr<State> state = state_;
  co_await stop_watching();
  co_await end_running(state);
  sys::remove_file(state->lease_file());
}

}  // namespace posada::net
