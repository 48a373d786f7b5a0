#include "net/instance_network.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "net/dhcp.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"

namespace posada::net {
namespace {

constexpr unsigned most_attempts = 64;
constexpr sys::Milliseconds pause_after_failure{10'000};
constexpr std::string_view bridge_name = "vmbr0";

sys::Async<std::string> run(std::vector<std::string> arguments, std::string input = {}) {
  sys::Command command;
  command.arguments = std::move(arguments);
  sys::Finished finished = co_await sys::run_checked(std::move(command), std::move(input));
  co_return finished.output;
}

// For removals: what is not there any more is no fault.
sys::Async<void> try_run(std::vector<std::string> arguments) {
  sys::Command command;
  command.arguments = std::move(arguments);
  const sys::Finished finished = co_await sys::run(std::move(command));
  if (finished.status != 0)
    sys::log_debug("{}: {}", join(command.arguments, " "), trim(finished.errors));
}

}  // namespace

struct InstanceNetwork::State {
  State(Settings settings_, sys::Clock& clock_, sys::Executor executor)
      : settings(std::move(settings_)),
        clock(clock_),
        tried(executor),
        scope(executor),
        space(settings.mode == Mode::instance ? netns_path() : ""),
        dhcp({.namespace_path = netns_path(),
              .folder = settings.run_folder,
              .interface = std::string(bridge_name)},
             clock, executor) {}

  Settings settings;
  sys::Clock& clock;
  bool started = false;
  sys::Event tried;     // after start(): an attempt has ended
  std::string failure;  // of the last one
  sys::Scope scope;
  sys::NetworkNamespace space;
  Dhcp dhcp;
  std::optional<Plan> plan;

  std::string netns_name() const { return "posada-" + settings.instance; }
  std::string netns_path() const { return "/run/netns/" + netns_name(); }
  std::string link_name() const { return "pv" + settings.instance; }
  std::string table() const { return "posada_" + settings.instance; }
  std::string plan_file() const { return settings.run_folder + "/network"; }

  // A locally administered address that stays the same, so that guests' ARP entries stay right
  // whichever tap comes and goes.
  std::string bridge_mac() const {
    const std::string& id = settings.instance;
    return fmt::format("02:50:{}:{}:{}:{}", id.substr(0, 2), id.substr(2, 2), id.substr(4, 2),
                       id.substr(6, 2));
  }

  sys::Async<void> choose_plan();
  sys::Async<void> make_namespace();
  sys::Async<void> make_link();
  sys::Async<void> make_nat();
  sys::Async<void> make_all();
  sys::Async<void> ready();
};

InstanceNetwork::InstanceNetwork(Settings settings, sys::Clock& clock, sys::Executor executor)
    : state_(std::make_shared<State>(std::move(settings), clock, executor)) {}

InstanceNetwork::~InstanceNetwork() = default;

// The addresses of an earlier start are kept: guests hold leases of them.
sys::Async<void> InstanceNetwork::State::choose_plan() {
  if (const auto text = sys::read_file_if_exists(plan_file())) {
    if (const auto attempt = to_integer(trim(*text)); attempt && sys::exists(netns_path())) {
      plan = plan_for(settings.instance, static_cast<unsigned>(*attempt));
      co_return;
    }
  }
  const std::string routes = co_await run({"ip", "-4", "route", "show", "table", "all"});
  for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
    const Plan next = plan_for(settings.instance, attempt);
    if (collides(next, routes)) continue;
    sys::make_directories(settings.run_folder, 0755);
    sys::write_file(plan_file(), std::to_string(attempt));
    plan = next;
    co_return;
  }
  throw Error::failed("net.no-network", "no free network of 10.0.0.0/8 was found for the guests");
}

sys::Async<void> InstanceNetwork::State::make_namespace() {
  if (!sys::exists(netns_path())) co_await run({"ip", "netns", "add", netns_name()});
  failpoint("net.up.namespace");
  const std::string bridge(bridge_name);
  co_await space.set_up("lo", true);
  co_await space.make_bridge(bridge, bridge_mac());
  co_await space.set_address(bridge, plan->gateway, plan->prefix_length);
  co_await space.set_up(bridge, true);
  co_await space.forward_ipv4();
}

sys::Async<void> InstanceNetwork::State::make_link() {
  sys::NetworkNamespace host("");
  if (!co_await host.exists(link_name())) {
    co_await run({"ip", "link", "add", link_name(), "type", "veth", "peer", "name", "uplink",
                  "netns", netns_name()});
    failpoint("net.up.link");
  }
  co_await host.set_address(link_name(), plan->link_host, 30);
  co_await host.set_up(link_name(), true);
  co_await space.set_address("uplink", plan->link_inside, 30);
  co_await space.set_up("uplink", true);
  co_await run({"ip", "-n", netns_name(), "route", "replace", "default", "via", plan->link_host});
  co_await run({"ip", "route", "replace", plan->network + "/24", "via", plan->link_inside, "dev",
                link_name()});
}

sys::Async<void> InstanceNetwork::State::make_nat() {
  sys::NetworkNamespace host("");
  co_await host.forward_ipv4();
  // One transaction: the table is emptied and filled again, whatever was in it.
  const std::string rules = fmt::format(
      "table inet {0} {{}}\n"
      "delete table inet {0}\n"
      "table inet {0} {{\n"
      "  chain postrouting {{\n"
      "    type nat hook postrouting priority srcnat;\n"
      "    ip saddr {1}/24 oifname != \"{2}\" masquerade\n"
      "    ip saddr {3}/30 oifname != \"{2}\" masquerade\n"
      "  }}\n"
      "}}\n",
      table(), plan->network, link_name(), plan->link_network);
  co_await run({"nft", "-f", "-"}, rules);
}

sys::Async<void> InstanceNetwork::State::make_all() {
  co_await choose_plan();
  co_await make_namespace();
  co_await make_link();
  co_await make_nat();
  failpoint("net.up.nat");
  co_await dhcp.start(*plan);
}

sys::Async<void> InstanceNetwork::State::ready() {
  if (!started) co_return;
  co_await tried.wait();
  if (!failure.empty()) {
    throw Error::failed("net.down", "the guests' network is not up: " + failure);
  }
}

sys::Async<void> InstanceNetwork::up() {
  const std::shared_ptr<State> state = state_;
  if (state->settings.mode == Mode::instance) co_await state->make_all();
}

namespace {

sys::Async<void> bring_up(std::shared_ptr<InstanceNetwork::State> state) {
  for (;;) {
    try {
      co_await state->make_all();
      state->failure.clear();
    } catch (const Error& error) {
      state->failure = error.what();
    }
    state->tried.set();
    if (state->failure.empty()) co_return;
    sys::log_error("the guests' network is not up, trying again: {}", state->failure);
    co_await state->clock.sleep(pause_after_failure);
  }
}

}  // namespace

void InstanceNetwork::start() {
  if (state_->settings.mode != Mode::instance) return;
  state_->started = true;
  state_->scope.spawn("network", bring_up(state_));
}

sys::Async<void> InstanceNetwork::stop() {
  const std::shared_ptr<State> state = state_;
  state->scope.stop();
  co_await state->scope.join();
  co_await state->dhcp.stop_watching();
}

sys::Async<void> InstanceNetwork::down() {
  const std::shared_ptr<State> state = state_;
  if (state->settings.mode != Mode::instance) co_return;
  co_await state->dhcp.end();
  co_await try_run({"nft", "delete", "table", "inet", state->table()});
  co_await try_run({"ip", "link", "delete", state->link_name()});
  if (sys::exists(state->netns_path()))
    co_await run({"ip", "netns", "delete", state->netns_name()});
  sys::remove_file(state->plan_file());
  state->plan.reset();
}

Mode InstanceNetwork::mode() const {
  return state_->settings.mode;
}

const std::string& InstanceNetwork::failure() const {
  return state_->failure;
}

sys::Async<std::vector<std::string>> InstanceNetwork::bridges() {
  const std::shared_ptr<State> state = state_;
  if (state->settings.mode == Mode::none) co_return std::vector<std::string>{};
  co_await state->ready();
  co_return co_await state->space.bridges();
}

sys::Async<std::vector<sys::Fd>> InstanceNetwork::make_tap(TapRequest request) {
  const std::shared_ptr<State> state = state_;
  if (state->settings.mode == Mode::none)
    throw Error::failed("net.none",
                        "this node has no bridges: it runs without root, and its guests "
                        "use user-mode networking");
  co_await state->ready();
  std::vector<sys::Fd> taps = co_await state->space.open_tap(request.name, request.queues);
  if (request.mtu) co_await state->space.set_mtu(request.name, *request.mtu);
  co_await state->space.join_bridge(request.bridge, request.name);
  co_await state->space.set_up(request.name, !request.link_down);
  co_return taps;
}

sys::Async<void> InstanceNetwork::set_link(std::string name, bool up) {
  return state_->space.set_up(std::move(name), up);
}

sys::Async<void> InstanceNetwork::join_bridge(std::string name, std::string bridge) {
  return state_->space.join_bridge(std::move(bridge), std::move(name));
}

sys::Async<std::optional<sys::InterfaceCounters>> InstanceNetwork::counters(std::string name) {
  return state_->space.counters(std::move(name));
}

sys::Async<std::string> InstanceNetwork::guest_namespace() {
  const std::shared_ptr<State> state = state_;
  co_await state->ready();
  co_return state->space.path();
}

std::vector<Lease> InstanceNetwork::leases() const {
  return parse_leases(sys::read_file_if_exists(state_->dhcp.lease_file()).value_or(""));
}

std::optional<Plan> InstanceNetwork::plan() const {
  return state_->plan;
}

}  // namespace posada::net
