// How a command shows what the API answered: options that every such command takes, and the exit
// status.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/client.h"
#include "app/cli/families.h"
#include "app/cli/print.h"
#include "app/cli/words.h"

namespace posada::app {

struct OutputOptions {
  std::optional<Format> format;
  Look look;
  bool quiet = false;
};

// Adds --output-format, --noborder, --noheader and --quiet to what a command takes, and takes them
// out of what was parsed. --human-readable is taken and means nothing yet.
void add_output_options(Grammar& grammar);
OutputOptions take_output_options(json::object& parameters);

int exit_status(TaskEnd end);
std::string ask_option(const std::string& name);  // a secret, on the terminal

}  // namespace posada::app
