// Reboot and power-off of the machine. Ends every guest that does not outlive it, so callers ask
// for the permission first; refused for a node that shares its machine.
#pragma once

#include "host/host.h"

namespace posada::host {

enum class PowerOrder { reboot, shutdown };
sys::Async<void> order_power(Host& host, PowerOrder order);

}  // namespace posada::host
