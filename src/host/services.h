// The services of the machine under the names that administrators of this API know. Where systemd
// runs, it is asked; what has another name here is translated. Elsewhere only what this node
// consists of is known: the daemon and its front.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct ServiceState {
  std::string name;  // "pveproxy"
  std::string unit;  // "posada-front.service"
  std::string description;
  std::string sub_state;     // "running", "dead" …
  std::string active_state;  // "active", "inactive" …
  std::string unit_state;    // "enabled", "not-found" …
};

// One for each name, in their order.
sys::Async<std::vector<ServiceState>> service_states(Host& host, std::vector<std::string> names);

enum class ServiceOrder { start, stop, restart, reload };
std::string_view word(ServiceOrder order);
// Waits until it is done. Refused without systemd, for a service that is not installed, and for
// stopping the daemon itself, which could then not be started from here.
sys::Async<void> order_service(Host& host, std::string name, ServiceOrder order);

// Pure: the answers of `systemctl show` for several units, in the order they were asked in.
std::vector<ServiceState> parse_service_states(std::string_view text,
                                               const std::vector<std::string>& names);
// The systemd unit that does the job which `name` has elsewhere.
std::string unit_of(std::string_view name);

}  // namespace posada::host
