#include "app/cli/answer.h"

#include <array>

#include "app/cli/run.h"
#include "base/error.h"
#include "sys/terminal.h"

namespace posada::app {
namespace {

constexpr std::array<std::string_view, 4> flags = {"noborder", "noheader", "quiet",
                                                   "human-readable"};

bool take_flag(json::object& parameters, std::string_view name) {
  const std::string text = text_member(parameters, name).value_or("0");
  parameters.erase(name);
  return text != "0" && text != "no" && text != "off" && text != "false";
}

}  // namespace

void add_output_options(Grammar& grammar) {
  auto others = std::move(grammar.option);
  grammar.option = [others](const std::string& name) -> std::optional<Grammar::Takes> {
    if (name == "output-format") return Grammar::Takes::value;
    for (const std::string_view flag : flags) {
      if (name == flag) return Grammar::Takes::flag;
    }
    return others(name);
  };
  grammar.option_names.emplace_back("output-format");
  for (const std::string_view flag : flags) grammar.option_names.emplace_back(flag);
}

OutputOptions take_output_options(json::object& parameters) {
  OutputOptions options;
  if (const auto name = text_member(parameters, "output-format")) {
    options.format = format_from(*name);
    if (!options.format) {
      throw Error::failed("cli.option", "--output-format: '" + *name +
                                            "' is none of text, json, json-pretty, yaml");
    }
    parameters.erase("output-format");
  }
  options.look.border = !take_flag(parameters, "noborder");
  options.look.header = !take_flag(parameters, "noheader");
  options.quiet = take_flag(parameters, "quiet");
  take_flag(parameters, "human-readable");
  return options;
}

int exit_status(TaskEnd end) {
  switch (end) {
    case TaskEnd::ok:
      return 0;
    case TaskEnd::failed:
      return exit_failure;
    case TaskEnd::left:
      return exit_left;
  }
  return exit_failure;
}

std::string ask_option(const std::string& name) {
  const std::string secret = sys::ask_secret("Enter " + name + ": ");
  if (sys::ask_secret("Retype " + name + ": ") != secret) {
    throw Error::failed("cli.secret", "the two are not the same; nothing was changed");
  }
  if (secret.empty()) throw Error::failed("cli.secret", "an empty " + name + " is not possible");
  return secret;
}

}  // namespace posada::app
