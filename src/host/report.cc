#include "host/report.h"

#include "base/text.h"

namespace posada::host {

sys::Async<std::string> report_section(Host& host, std::string heading,
                                       std::vector<std::string> command) {
  std::string text = "==== " + heading + " ====\n\n# " + join(command, " ") + "\n";
  try {
    const sys::Finished finished = co_await host.programs.run(Run{.arguments = std::move(command)});
    text += finished.output + finished.errors;
  } catch (const Error& error) {
    text += error.wire() + "\n";
  }
  co_return text + "\n";
}

sys::Async<std::string> machine_report(Host& host) {
  std::string text;
  text += co_await report_section(host, "system", {"uname", "-a"});
  text += co_await report_section(host, "uptime", {"uptime"});
  text += co_await report_section(host, "processor", {"lscpu"});
  text += co_await report_section(host, "memory", {"free", "--bytes"});
  text += co_await report_section(host, "block devices",
                                  {"lsblk", "--output", "NAME,SIZE,TYPE,FSTYPE,MOUNTPOINTS,MODEL"});
  text += co_await report_section(host, "file systems", {"df", "-h"});
  text += co_await report_section(host, "links", {"ip", "-details", "link"});
  text += co_await report_section(host, "addresses", {"ip", "address"});
  text += co_await report_section(host, "routes", {"ip", "route"});
  co_return text;
}

}  // namespace posada::host
