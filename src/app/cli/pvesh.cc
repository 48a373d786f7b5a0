// pvesh: any method of the API, by its path.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "api/usage.h"
#include "app/cli/answer.h"
#include "app/cli/run.h"
#include "base/error.h"
#include "base/text.h"

namespace posada::app {
namespace {

constexpr std::array<api::Verb, 4> verbs = {api::Verb::get, api::Verb::post, api::Verb::put,
                                            api::Verb::remove};
constexpr std::array<const char*, 4> verb_words = {"get", "create", "set", "delete"};

constexpr const char* usage =
    "USAGE: pvesh get|create|set|delete PATH [--name value ...] [OPTIONS]\n"
    "       pvesh ls PATH           what stands below a path\n"
    "       pvesh usage PATH        what may be called there, and with which parameters\n\n"
    "  --output-format <text | json | json-pretty | yaml>\n"
    "  --noborder, --noheader      leave the frame and the titles of a table out\n"
    "  --quiet                     do not show the answer\n\n"
    "  A task's log goes to standard error, its exit state is ours.\n";

Error no_path(const std::vector<std::string>& path) {
  return Error::failed("cli.no-path", "No '" + join(path, "/") + "' resource defined")
      .with_hint("'pvesh ls /' shows where the tree begins.");
}

// d: has children; r, c, w, d: may be read, created in, changed, deleted.
std::string letters(const api::PathChild& child) {
  std::string text = child.has_children ? "D" : "-";
  constexpr std::string_view marks = "rcwd";
  for (std::size_t i = 0; i < verbs.size(); ++i) {
    const bool has =
        std::find(child.verbs.begin(), child.verbs.end(), verbs[i]) != child.verbs.end();
    text += has ? marks[i] : '-';
  }
  return text;
}

// The names that a parameter stands for now, from the list at its place.
std::vector<std::string> names_at(Client& client, const std::vector<std::string>& path,
                                  const std::string& parameter) {
  std::vector<std::string> names;
  try {
    CallResult result = client.call(api::Verb::get, path, {});
    if (!result.data().is_array()) return names;
    for (const json::value& row : result.data().get_array()) {
      if (!row.is_object()) continue;
      for (const std::string& member : {parameter, std::string("id"), std::string("name")}) {
        if (const auto name = text_member(row.get_object(), member)) {
          names.push_back(*name);
          break;
        }
      }
    }
  } catch (const Error& error) {
    if (error.code().starts_with("cli."))
      throw;  // no daemon; a refusal leaves the parameter's name
  }
  return names;
}

int list(const std::vector<std::string>& path) {
  const auto children = api::children_of(path);
  if (!children) throw no_path(path);
  Client client(load_settings({.root = find_root("")}));
  for (const api::PathChild& child : *children) {
    std::vector<std::string> names = {std::string(child.name)};
    if (child.is_parameter) {
      names = names_at(client, path, std::string(child.name));
      std::sort(names.begin(), names.end());
    }
    for (const std::string& name : names) {
      std::printf("%s        %s\n", letters(child).c_str(), name.c_str());
    }
  }
  return 0;
}

int describe(const std::vector<std::string>& path) {
  bool any = false;
  for (std::size_t i = 0; i < verbs.size(); ++i) {
    const api::Route route = api::find_route(verbs[i], path);
    if (!route.method) continue;
    any = true;
    api::Command command;
    command.words = "pvesh " + std::string(verb_words[i]) + " /" + join(path, "/");
    for (const auto& [name, value] : route.parameters) command.given.emplace_back(name);
    std::fputs(api::usage_text(*route.method, command).c_str(), stdout);
  }
  if (!any) throw no_path(path);
  return 0;
}

int call(std::size_t which, const std::vector<std::string>& path,
         const std::vector<std::string>& words) {
  const api::Route route = api::find_route(verbs[which], path);
  if (!route.method) {
    throw Error::failed("cli.no-path", "No '" + std::string(verb_words[which]) +
                                           "' handler defined for '/" + join(path, "/") + "'")
        .with_hint("'pvesh usage /" + join(path, "/") + "' shows what may be called there.");
  }
  Grammar grammar = grammar_of(*route.method, {});
  add_output_options(grammar);
  json::object parameters = parse_words(grammar, words, ask_option);
  const OutputOptions options = take_output_options(parameters);
  Client client(load_settings({.root = find_root("")}));
  CallResult result = client.call(verbs[which], path, std::move(parameters));
  const json::value& data = result.data();
  int status = 0;
  if (data.is_string() && data.get_string().starts_with("UPID:") && which != 0) {
    status = exit_status(client.follow_task(std::string(data.get_string()), stderr));
  }
  if (options.quiet) return status;
  const Format format = options.format.value_or(Format::text);
  const std::string text =
      format == Format::text ? as_text(data, {}, options.look) : as_format(data, format);
  std::fputs(text.c_str(), stdout);
  return status;
}

}  // namespace

int run_pvesh(const std::vector<std::string>& words) {
  const std::string action = words.empty() ? "" : words[0];
  if (action == "help" || action == "--help" || action == "-h") {
    std::fputs(usage, stdout);
    return 0;
  }
  const std::vector<std::string> path =
      words.size() > 1 ? split_list(words[1], "/") : std::vector<std::string>();
  if (action == "ls") return list(path);
  if (action == "usage") return describe(path);
  const auto found = std::find(verb_words.begin(), verb_words.end(), action);
  if (found == verb_words.end() || words.size() < 2) {
    std::fputs(usage, stderr);
    if (found == verb_words.end() && !action.empty()) {
      std::fprintf(stderr, "\npvesh: there is no command '%s'\n", action.c_str());
    }
    return exit_failure;
  }
  if (std::find(words.begin() + 2, words.end(), "--help") != words.end()) return describe(path);
  return call(static_cast<std::size_t>(found - verb_words.begin()), path,
              {words.begin() + 2, words.end()});
}

}  // namespace posada::app
