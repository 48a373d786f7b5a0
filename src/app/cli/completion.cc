// What a shell offers when a person presses Tab, from the tables and the schema.
#include <algorithm>
#include <cstdio>

#include "app/cli/answer.h"
#include "app/cli/help.h"
#include "app/cli/run.h"
#include "base/error.h"
#include "base/text.h"

namespace posada::app {
namespace {

constexpr const char* own_words[] = {"serve", "down", "api", "config", "completion", "help"};

std::vector<std::string> guest_ids(const char* kind) {
  std::vector<std::string> ids;
  try {
    Client client(load_settings({.root = find_root("")}));
    CallResult rows = client.call(api::Verb::get, {"nodes", client.node(), kind}, {});
    for (const json::value& row : rows.data().as_array()) ids.push_back(text_of(row.at("vmid")));
  } catch (const Error&) {
    return {};  // no node, nothing to offer
  }
  return ids;
}

std::vector<std::string> storage_ids() {
  std::vector<std::string> ids;
  try {
    Client client(load_settings({.root = find_root("")}));
    CallResult rows = client.call(api::Verb::get, {"storage"}, {});
    for (const json::value& row : rows.data().as_array()) ids.push_back(text_of(row.at("storage")));
  } catch (const Error&) {
    return {};
  }
  return ids;
}

// The words that name a command, as far as they are typed: "qm disk " → resize, unlink …
std::vector<std::string> next_names(const std::string& family,
                                    const std::vector<std::string>& typed) {
  std::vector<std::string> next;
  for (const std::string& name : command_names(family)) {
    const std::vector<std::string> parts = split(name, ' ');
    if (parts.size() > typed.size() && std::equal(typed.begin(), typed.end(), parts.begin())) {
      next.push_back(parts[typed.size()]);
    }
  }
  std::sort(next.begin(), next.end());
  next.erase(std::unique(next.begin(), next.end()), next.end());
  return next;
}

// Values of an option: its words, or none.
std::vector<std::string> values_of(const Command& command, const std::string& option) {
  if (command.run || !option.starts_with("-")) return {};
  const std::string name = option.substr(option.starts_with("--") ? 2 : 1);
  const api::Parameter* parameter = method_of(command).parameter(name);
  if (!parameter || !parameter->rule) return {};
  return {parameter->rule->choices.begin(), parameter->rule->choices.end()};
}

std::vector<std::string> in_command(const Command& command, const std::vector<std::string>& rest,
                                    const std::string& present) {
  const Grammar grammar =
      command.run ? grammar_of(command) : grammar_of(method_of(command), command.positional);
  std::vector<std::string> offered;
  if (present.starts_with("-")) {
    for (const std::string& name : grammar.option_names) offered.push_back("--" + name);
    return offered;
  }
  if (!rest.empty() && rest.back().starts_with("-")) return values_of(command, rest.back());
  const std::size_t place = rest.size();
  if (place >= command.positional.size()) return offered;
  const std::string_view wanted = command.positional[place];
  if (wanted == "vmid") return guest_ids(command.family == "pct" ? "lxc" : "qemu");
  if (wanted == "storage") return storage_ids();
  return values_of(command, "--" + std::string(wanted));
}

}  // namespace

int run_complete(const std::vector<std::string>& words) {
  if (words.empty()) return 0;
  std::vector<std::string> typed(words.begin(), words.end() - 1);
  const std::string& present = words.back();
  if (!typed.empty()) typed[0] = typed[0].substr(typed[0].rfind('/') + 1);
  if (!typed.empty() && typed[0] == "posada") typed.erase(typed.begin());
  std::vector<std::string> offered;
  if (typed.empty()) {
    offered = family_names();
    for (const char* word : own_words) offered.emplace_back(word);
  } else {
    const std::vector<std::string> rest(typed.begin() + 1, typed.end());
    const auto [command, count] = find_command(typed[0], rest);
    offered = next_names(typed[0], rest);
    if (typed[0] == "pvesh" && rest.empty())
      offered = {"get", "create", "set", "delete", "ls", "usage"};
    if (command && offered.empty()) {
      offered = in_command(
          *command, {rest.begin() + static_cast<std::ptrdiff_t>(count), rest.end()}, present);
    }
  }
  for (const std::string& word : offered) {
    if (word.starts_with(present)) std::puts(word.c_str());
  }
  return 0;
}

int run_completion(const std::vector<std::string>& words) {
  if (words.size() != 1 || words[0] != "bash") {
    std::fputs("usage: posada completion bash     then: eval \"$(posada completion bash)\"\n",
               stderr);
    return exit_failure;
  }
  std::string names = "posada";
  for (const std::string& family : family_names()) names += " " + family;
  std::printf(
      "_posada() {\n"
      "  local IFS=$'\\n'\n"
      "  COMPREPLY=($(posada complete \"${COMP_WORDS[@]:0:COMP_CWORD}\" \"$2\" 2>/dev/null))\n"
      "}\n"
      "complete -o default -F _posada %s\n",
      names.c_str());
  return 0;
}

}  // namespace posada::app
