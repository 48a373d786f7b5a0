// The commands that administrators' fingers know, and the API method behind each. Everything else
// about a command (its options, their types and help) comes from the schema.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema.h"

namespace posada::app {

enum class Show {
  nothing,   // success is silent
  text,      // the value itself
  pairs,     // `key: value` lines
  table,     // rows under `columns`
  task,      // follow the task to its end
  status,    // `status: running`
  volume,    // what was made
};

struct Command {
  std::string_view family;   // "qm"
  std::string_view name;     // "start"
  api::Verb verb;
  std::string_view path;     // "/nodes/{node}/qemu/{vmid}/status/start"
  std::vector<std::string_view> positional = {};  // parameters that stand without a name
  Show show = Show::nothing;
  std::vector<std::string_view> columns = {};     // of a table: members of the rows
};

const std::vector<Command>& commands();
const Command* find_command(std::string_view family, std::string_view name);
bool is_family(std::string_view name);

}  // namespace posada::app
