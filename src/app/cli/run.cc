#include "app/cli/run.h"

#include <algorithm>
#include <cstdio>

#include "app/cli/answer.h"
#include "app/cli/help.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::app {
namespace {

bool asks_help(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") return false;  // what follows is somebody else's
    if (word == "--help" || word == "-h" || word == "-?") return true;
  }
  return false;
}

// What a person gives as the name of a file, and the API takes as a text.
void read_files(const Command& command, json::object& parameters) {
  if (const auto file = text_member(parameters, "sshkeys"); file && command.family == "qm") {
    parameters["sshkeys"] = encode_uri(sys::read_file(*file));
  }
  if (const auto file = text_member(parameters, "ssh-public-keys");
      file && command.family == "pct") {
    parameters["ssh-public-keys"] = sys::read_file(*file);
  }
}

void complete(const Command& command, json::object& parameters, const std::string& node) {
  for (const auto& [name, value] : command.given) parameters[name] = value;
  for (const std::string_view name : command.asked) {
    if (!parameters.contains(name)) parameters[name] = ask_option(std::string(name));
  }
  read_files(command, parameters);
  if (in_path(command.path, "node") && !parameters.contains("node")) parameters["node"] = node;
  if (in_path(command.path, "storage") && !parameters.contains("storage")) {
    // A volume "local:iso/x.iso" names its storage.
    const std::string volume = text_member(parameters, "volume").value_or("");
    const std::size_t colon = volume.find(':');
    if (colon == std::string::npos) {
      throw Error::failed("cli.volume", "'" + volume + "' is no volume id (STORAGE:NAME)")
          .with_hint("'pvesm list STORAGE' shows the volumes of a storage.");
    }
    parameters["storage"] = volume.substr(0, colon);
  }
}

int show(const Command& command, Client& client, const json::value& data,
         const OutputOptions& options) {
  const bool is_task = data.is_string() && data.get_string().starts_with("UPID:");
  if (command.show == Show::task && is_task) {
    return exit_status(client.follow_task(std::string(data.get_string()), stdout));
  }
  if (command.show != Show::value || options.quiet) return 0;
  std::string text;
  if (options.format && *options.format != Format::text) {
    text = as_format(data, *options.format);
  } else if (command.printer && !options.format) {
    text = command.printer(data, options.look);
  } else {
    text = as_text(data, command.columns, options.look);
  }
  std::fputs(text.c_str(), stdout);
  return 0;
}

Settings own_settings() {
  return load_settings({.root = find_root("")});
}

int run_method(const Command& command, const std::vector<std::string>& words) {
  Grammar grammar = grammar_of(method_of(command), command.positional);
  const bool shows = command.show == Show::value;
  if (shows) add_output_options(grammar);
  json::object parameters = parse_words(grammar, words, ask_option);
  const OutputOptions options = shows ? take_output_options(parameters) : OutputOptions{};
  Client client(own_settings());
  complete(command, parameters, client.node());
  std::vector<std::string> path = fill_path(command.path, parameters);
  CallResult result = client.call(command.verb, std::move(path), std::move(parameters));
  return show(command, client, result.data(), options);
}

int run_function(const Command& command, const std::vector<std::string>& words) {
  const json::object found = parse_words(grammar_of(command), words, ask_option);
  Client client(own_settings());
  return command.run(client, found);
}

// `qm help`, `qm help start`, `qm`, `qm --help`.
int show_help(const std::string& family, std::vector<std::string> words) {
  if (!words.empty()) words.erase(words.begin());
  const Command* command = find_command(family, words).first;
  std::fputs((command ? command_usage(*command) : family_usage(family)).c_str(), stdout);
  return 0;
}

int unknown_command(const std::string& family, const std::vector<std::string>& words) {
  // "qm disk" alone names a group.
  std::string group;
  for (const std::string& name : command_names(family)) {
    if (name.starts_with(words[0] + " ")) group += "  " + family + " " + name + "\n";
  }
  if (!group.empty()) {
    std::fprintf(stderr, "%s %s needs one of these:\n%s", family.c_str(), words[0].c_str(),
                 group.c_str());
    return exit_failure;
  }
  std::fprintf(stderr, "%s: there is no command '%s'\n", family.c_str(), words[0].c_str());
  const std::string meant = nearest(words[0], command_names(family));
  if (meant.empty()) {
    std::fprintf(stderr, "'%s help' lists the commands.\n", family.c_str());
  } else {
    std::fprintf(stderr, "Did you mean '%s %s'?\n", family.c_str(), meant.c_str());
  }
  return exit_failure;
}

}  // namespace

int run_family(const std::string& family, const std::vector<std::string>& words) {
  if (words.empty()) {
    std::fputs(family_usage(family).c_str(), stderr);
    return exit_failure;
  }
  if (words[0] == "help" || words[0] == "--help" || words[0] == "-h")
    return show_help(family, words);
  const auto [command, count] = find_command(family, words);
  if (!command) return unknown_command(family, words);
  const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(count),
                                      words.end());
  if (asks_help(rest) && command->rest.empty()) {
    std::fputs(command_usage(*command).c_str(), stdout);
    return 0;
  }
  if (!rest.empty() && (rest[0] == "--help" || rest[0] == "-h")) {
    std::fputs(command_usage(*command).c_str(), stdout);
    return 0;
  }
  try {
    return command->run ? run_function(*command, rest) : run_method(*command, rest);
  } catch (const Error& error) {
    // A wrong word: how the command is written.
    if (!error.code().starts_with("cli.") || !error.hint().empty()) throw;
    if (error.code() == "cli.missing-word" || error.code() == "cli.extra-word" ||
        error.code() == "cli.option" || error.code() == "cli.no-value") {
      throw error.with_hint(command_line_of(*command));
    }
    throw;
  }
}

}  // namespace posada::app
