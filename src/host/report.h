// A report on the machine for whoever is asked for help: what it is, what runs, how it is set up.
// Holds no secret.
#pragma once

#include <string>

#include "host/host.h"

namespace posada::host {

// A heading and what the command writes, or why it could not be run.
sys::Async<std::string> report_section(Host& host, std::string heading,
                                       std::vector<std::string> command);
// Everything that is asked of the machine itself.
sys::Async<std::string> machine_report(Host& host);

}  // namespace posada::host
