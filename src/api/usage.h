// Help texts of the command line, rendered from the tables: `pvesh usage`, `qm help create` and
// what is printed after a wrong option. Pure text; nothing is asked of the daemon.
#pragma once

#include <string>
#include <vector>

#include "api/schema.h"

namespace posada::api {

struct Command {
  std::string words;                    // "qm create", "pvesh create /nodes/{node}/qemu"
  std::vector<std::string> positional;  // parameters that stand without --name, in order
  std::vector<std::string> given;       // parameters that the command fills in itself (node)
};

// "USAGE: qm create <vmid> --ostemplate <string> [OPTIONS]"
std::string usage_line(const Method& method, const Command& command);
// The line, the description, and each parameter with its values, default and description.
std::string usage_text(const Method& method, const Command& command);
// What may be written for a value: "<integer> (1 - N)", "<ovmf | seabios>",
// "[file=]<volume> [,size=<disk-size>]".
std::string value_hint(const Rule& rule);

}  // namespace posada::api
