#include "host/services.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace posada::host {
namespace {

constexpr std::string_view daemon_unit = "posada.service";
constexpr std::string_view daemon_name = "pvedaemon";
constexpr std::string_view front_name = "pveproxy";

struct Translation {
  std::string_view name, unit;
};
// Other names stand for a unit of the same name.
constexpr auto translations = std::to_array<Translation>({
    {daemon_name, daemon_unit},
    {front_name, "posada-front.service"},
    {"sshd", "ssh.service"},
    {"syslog", "rsyslog.service"},
});

bool is_own(std::string_view name) {
  return name == daemon_name || name == front_name;
}

// Without systemd: what this node runs, and nothing else.
ServiceState own_state(const std::string& name) {
  ServiceState state{name, unit_of(name), name, "dead", "inactive", "not-found"};
  if (is_own(name)) {
    state.description = name == daemon_name ? "Posada daemon" : "Posada front (TLS and HTTP)";
    state.sub_state = "running";
    state.active_state = "active";
    state.unit_state = "transient";
  }
  return state;
}

std::string known_word(const std::map<std::string, std::string>& facts, const char* key) {
  const auto found = facts.find(key);
  return found == facts.end() || found->second.empty() ? "unknown" : found->second;
}

ServiceState state_from(const std::map<std::string, std::string>& facts, const std::string& name) {
  ServiceState state{name,
                     unit_of(name),
                     name,
                     known_word(facts, "SubState"),
                     known_word(facts, "ActiveState"),
                     known_word(facts, "UnitFileState")};
  if (known_word(facts, "LoadState") == "not-found") {
    state.unit_state = "not-found";
  } else if (const auto found = facts.find("Description"); found != facts.end()) {
    state.description = found->second;
  }
  return state;
}

}  // namespace

std::string unit_of(std::string_view name) {
  const auto found = std::find_if(translations.begin(), translations.end(),
                                  [name](const Translation& one) { return one.name == name; });
  return found == translations.end() ? std::string(name) + ".service" : std::string(found->unit);
}

std::string_view word(ServiceOrder order) {
  switch (order) {
    case ServiceOrder::start:
      return "start";
    case ServiceOrder::stop:
      return "stop";
    case ServiceOrder::restart:
      return "restart";
    case ServiceOrder::reload:
      return "reload";
  }
  throw std::logic_error("a service order of an unknown kind");
}

std::vector<ServiceState> parse_service_states(std::string_view text,
                                               const std::vector<std::string>& names) {
  std::vector<std::map<std::string, std::string>> blocks(1);
  for (const std::string& line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos) {
      blocks.back()[line.substr(0, equals)] = line.substr(equals + 1);
    } else if (!blocks.back().empty()) {
      blocks.emplace_back();
    }
  }
  blocks.resize(names.size());
  std::vector<ServiceState> states;
  for (std::size_t i = 0; i < names.size(); ++i) states.push_back(state_from(blocks[i], names[i]));
  return states;
}

sys::Async<std::vector<ServiceState>> service_states(Host& host, std::vector<std::string> names) {
  std::vector<ServiceState> states;
  if (!host.has_systemd() || !host.places.owns_machine) {
    for (const std::string& name : names) states.push_back(own_state(name));
    co_return states;
  }
  Run run{.arguments = {"systemctl", "show",
                        "--property=LoadState,ActiveState,SubState,UnitFileState,Description"}};
  for (const std::string& name : names) run.arguments.push_back(unit_of(name));
  const std::string text = co_await output_of(host.programs, std::move(run));
  co_return parse_service_states(text, names);
}

sys::Async<void> order_service(Host& host, std::string name, ServiceOrder order) {
  host.require_machine(std::string(word(order)) + " the service " + name);
  if (!host.has_systemd()) {
    throw Error::failed("host.no-systemd",
                        "services of this node cannot be controlled: systemd is not its init")
        .with_hint("Start and stop services with the init of this machine.");
  }
  if (order == ServiceOrder::stop && name == daemon_name) {
    throw Error::failed("host.service-own",
                        "stopping " + name + " would end this API; use restart instead");
  }
  const std::vector<ServiceState> states = co_await service_states(host, {name});
  if (states.at(0).unit_state == "not-found") {
    throw Error::failed("host.service-missing",
                        "the service " + states[0].unit + " is not installed on this node",
                        {{"service", name}});
  }
  // The daemon must not wait for its own end.
  Run run{.arguments = {"systemctl"}, .deadline = sys::Milliseconds(120'000)};
  if (is_own(name)) run.arguments.push_back("--no-block");
  run.arguments.push_back(std::string(word(order)));
  run.arguments.push_back(states[0].unit);
  co_await output_of(host.programs, std::move(run));
}

}  // namespace posada::host
