// The commands that administrators' fingers know, and what is behind each: a method of the API, or
// a function of our own. Everything else about a command of a method (its options, their types and
// help) comes from the schema.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/schema.h"
#include "base/json.h"

namespace posada::app {

class Client;

enum class Show {
  nothing,  // success is silent
  value,    // what `printer` makes of the answer; without one, a table
  task,     // follow the task to its end
};

// Table options that a person may give with any command that shows a value.
struct Look {
  bool header = true;
  bool border = true;
};
using Printer = std::string (*)(const json::value& answer, const Look& look);

// An option of a command that is our own function. `value` empty: the option stands alone.
struct OwnOption {
  std::string_view name;
  std::string_view value;
  std::string_view description;
};

struct Command {
  std::string_view family;  // "qm"
  std::string_view name;    // "start", "disk resize"
  api::Verb verb = api::Verb::get;
  std::string_view path{};  // "/nodes/{node}/qemu/{vmid}/status/start"; empty: a function
  std::vector<std::string_view> positional = {};  // parameters that stand without a name
  Show show = Show::nothing;
  Printer printer = nullptr;
  std::vector<std::string_view> columns = {};                             // of a table; empty: all
  std::vector<std::pair<std::string_view, std::string_view>> given = {};  // fixed parameters
  std::vector<std::string_view> asked = {};  // secrets that are asked for when they are missing

  // A function answers the exit status.
  int (*run)(Client& client, const json::object& words) = nullptr;
  std::string_view description{};
  std::vector<OwnOption> options = {};
  std::vector<std::string_view> optional_words = {};  // positional ones that may be left out
  std::string_view rest{};  // takes all words after the positional ones, as an array
};

// Another, usually older, name of a command.
struct Alias {
  std::string_view family, name, command;
};

const std::vector<Command>& commands();
const std::vector<Alias>& aliases();
// Families of the field that have nothing here yet, and what they are for.
const std::vector<std::pair<std::string_view, std::string_view>>& later_families();
bool is_family(std::string_view name);
// Every name under which the program may be called.
std::vector<std::string> family_names();

// The command that the first words name, and how many they are; aliases count.
std::pair<const Command*, std::size_t> find_command(std::string_view family,
                                                    const std::vector<std::string>& words);

// Parts of commands(), one file for each group of families.
std::vector<Command> guest_commands();  // qm, pct
std::vector<Command> host_commands();   // pvesm, pveum, pvenode, pveam, pvecm

}  // namespace posada::app
