#include "host/power.h"

namespace posada::host {

sys::Async<void> order_power(Host& host, PowerOrder order) {
  const bool reboot = order == PowerOrder::reboot;
  host.require_machine(reboot ? "reboot the machine" : "power off the machine");
  Run run;
  if (host.has_systemd()) {
    run.arguments = {"systemctl", "--no-block", reboot ? "reboot" : "poweroff"};
  } else {
    run.arguments = {"shutdown", reboot ? "-r" : "-h", "now"};
  }
  co_await output_of(host.programs, std::move(run));
}

}  // namespace posada::host
