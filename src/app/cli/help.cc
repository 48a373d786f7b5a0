#include "app/cli/help.h"

#include <algorithm>
#include <stdexcept>

#include "api/handlers/machine.h"
#include "api/router.h"
#include "api/usage.h"
#include "app/cli/words.h"
#include "base/text.h"

namespace posada::app {

const api::Router& built_methods() {
  static const api::Router built = [] {
    static const api::Machine none;  // nothing is called
    api::Router made;
    api::register_machine_handlers(made, none);
    api::register_handlers(made);
    return made;
  }();
  return built;
}

namespace {

std::string words_of(const Command& command) {
  return std::string(command.family) + " " + std::string(command.name);
}

api::Command for_usage(const Command& command) {
  api::Command described;
  described.words = words_of(command);
  described.positional.assign(command.positional.begin(), command.positional.end());
  for (const char* name : {"node", "storage"}) {
    if (in_path(command.path, name)) described.given.emplace_back(name);
  }
  for (const auto& [name, value] : command.given) described.given.emplace_back(name);
  return described;
}

// " <vmid> [<snapname>]"
std::string words_after(const Command& command) {
  std::string text;
  for (const std::string_view name : command.positional) {
    const auto& optional = command.optional_words;
    const bool may_miss = std::find(optional.begin(), optional.end(), name) != optional.end();
    text += may_miss ? " [<" + std::string(name) + ">]" : " <" + std::string(name) + ">";
  }
  return text;
}

std::string own_line(const Command& command) {
  std::string line = "USAGE: " + words_of(command);
  line += words_after(command);
  if (!command.options.empty()) line += " [OPTIONS]";
  if (!command.rest.empty()) line += " [--] <command> [<argument> ...]";
  return line;
}

std::string own_usage(const Command& command) {
  std::string text = own_line(command) + "\n\n  " + std::string(command.description) + "\n";
  for (const OwnOption& option : command.options) {
    text += "\n  --" + std::string(option.name);
    if (!option.value.empty()) text += " " + std::string(option.value);
    text += "\n          " + std::string(option.description) + "\n";
  }
  return text + "\n";
}

}  // namespace

const api::Method* find_method(api::Verb verb, std::string_view path) {
  for (const api::Method& method : api::methods()) {
    if (method.verb == verb && method.path == path) return &method;
  }
  return nullptr;
}

const api::Method& method_of(const Command& command) {
  const api::Method* method = find_method(command.verb, command.path);
  if (!method) throw std::logic_error("no method " + std::string(command.path));
  return *method;
}

bool is_built(const Command& command) {
  return command.run || built_methods().implements(method_of(command).id);
}

std::string command_line_of(const Command& command) {
  return command.run ? own_line(command) : api::usage_line(method_of(command), for_usage(command));
}

std::string command_usage(const Command& command) {
  if (command.run) return own_usage(command);
  std::string text = api::usage_text(method_of(command), for_usage(command));
  if (command.show == Show::value) {
    text +=
        "  --output-format <text | json | json-pretty | yaml>\n"
        "          How the answer is shown. --noborder and --noheader leave the frame and the\n"
        "          titles of a table out, --quiet the answer itself.\n\n";
  }
  if (!is_built(command)) text += "  This version of Posada does not have it yet.\n\n";
  return text;
}

std::string family_usage(const std::string& family) {
  std::string text = "USAGE: " + family + " COMMAND [ARGUMENTS] [OPTIONS]\n\n";
  std::vector<std::string> later;
  for (const Command& command : commands()) {
    if (command.family != family) continue;
    if (!is_built(command)) {
      later.emplace_back(command.name);
      continue;
    }
    std::string line = "  " + std::string(command.name);
    line += words_after(command);
    line.append(line.size() < 40 ? 40 - line.size() : 1, ' ');
    const std::string_view described = command.description;
    text += line + std::string(described.empty() ? method_of(command).description : described);
    text += "\n";
  }
  text +=
      "\n  '" + family + " help COMMAND' or '" + family + " COMMAND --help' shows its options.\n";
  if (!later.empty()) text += "  Not in this version yet: " + join(later, ", ") + ".\n";
  return text;
}

std::vector<std::string> command_names(std::string_view family) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.family == family && is_built(command)) names.emplace_back(command.name);
  }
  for (const Alias& alias : aliases()) {
    if (alias.family == family) names.emplace_back(alias.name);
  }
  return names;
}

}  // namespace posada::app
