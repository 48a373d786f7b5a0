// Help texts of families and commands.
#pragma once

#include <string>

#include "app/cli/families.h"

namespace posada::api {
class Router;
}

namespace posada::app {

const api::Method* find_method(api::Verb verb, std::string_view path);
// Of a command with a path; what the API does not describe is a bug in our tables.
const api::Method& method_of(const Command& command);
// False for a method of the API that this version has no handler for.
bool is_built(const Command& command);

// What this version has; for looking only, none of it can be called.
const api::Router& built_methods();

std::string family_usage(const std::string& family);
std::string command_usage(const Command& command);
std::string command_line_of(const Command& command);  // "USAGE: qm start <vmid> [OPTIONS]"
std::vector<std::string> command_names(std::string_view family);  // of what is built; aliases too

}  // namespace posada::app
