#include "app/cli/run.h"

#include <cstdio>

#include "app/cli/print.h"
#include "base/text.h"

namespace posada::app {
namespace {

const api::Method& method_of(const Command& command) {
  for (const api::Method& method : api::methods()) {
    if (method.verb == command.verb && method.path == command.path) return method;
  }
  throw Error::failed("cli.no-method", "the API has no method " +
                                           std::string(api::name_of(command.verb)) + " " +
                                           std::string(command.path));
}

bool in_path(std::string_view path, std::string_view name) {
  return path.find("{" + std::string(name) + "}") != std::string_view::npos;
}

const api::Parameter& parameter_of(const api::Method& method, const std::string& name) {
  const api::Parameter* parameter = method.parameter(name);
  if (!parameter) {
    throw Error::failed("cli.option", "unknown option '--" + name + "'")
        .with_hint("Add --help to see the options of this command.");
  }
  return *parameter;
}

bool is_boolean(const api::Parameter& parameter) {
  return parameter.rule && parameter.rule->type == ValueType::boolean;
}

// A volume "local:iso/x.iso" names its storage.
void complete(std::string_view path, json::object& parameters, const std::string& node) {
  if (in_path(path, "node") && !parameters.contains("node")) parameters["node"] = node;
  if (in_path(path, "storage") && !parameters.contains("storage")) {
    const std::string volume = text_member(parameters, "volume").value_or("");
    parameters["storage"] = volume.substr(0, volume.find(':'));
  }
}

std::string usage_of(const Command& command, const api::Method& method) {
  std::string text = "usage: " + std::string(command.family) + " " + std::string(command.name);
  for (const std::string_view name : command.positional) text += " <" + std::string(name) + ">";
  text += " [options]\n\n" + std::string(method.description) + "\n\n";
  for (const api::Parameter* parameter : method.parameters) {
    if (in_path(command.path, parameter->name)) continue;
    std::string line = "  --" + std::string(parameter->name) + (parameter->indexed() ? "[n]" : "");
    line += " <" + std::string(parameter->rule ? name_of(parameter->rule->type) : "string") + ">";
    if (!parameter->optional) line += " (needed)";
    text += line + "\n";
    if (!parameter->description.empty()) text += "      " + std::string(parameter->description) + "\n";
  }
  return text;
}

std::string family_usage(const std::string& family) {
  std::string text = "usage: " + family + " COMMAND …\n\n";
  for (const Command& command : commands()) {
    if (command.family != family) continue;
    std::string line = "  " + std::string(command.name);
    for (const std::string_view name : command.positional) line += " <" + std::string(name) + ">";
    line.append(line.size() < 40 ? 40 - line.size() : 1, ' ');
    text += line + std::string(method_of(command).description) + "\n";
  }
  return text;
}

bool asks_help(const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), "--help") != words.end() ||
         std::find(words.begin(), words.end(), "-h") != words.end();
}

int show(const Command& command, Client& client, json::value& data) {
  switch (command.show) {
    case Show::nothing: return 0;
    case Show::table: std::fputs(as_table(data, command.columns).c_str(), stdout); return 0;
    case Show::pairs: std::fputs(as_pairs(data).c_str(), stdout); return 0;
    case Show::status:
      std::printf("status: %s\n", text_of(data.as_object()["status"]).c_str());
      return 0;
    case Show::volume:
      std::printf("successfully created '%s'\n", text_of(data).c_str());
      return 0;
    case Show::text:
      if (data.is_object() && !command.columns.empty()) data = data.as_object()[command.columns[0]];
      std::printf("%s\n", text_of(data).c_str());
      return 0;
    case Show::task:
      if (!data.is_string()) return 0;
      return client.follow_task(std::string(data.get_string())) ? 0 : 1;
  }
  return 0;
}

}  // namespace

json::object parse_words(const api::Method& method, const std::vector<std::string_view>& positional,
                         const std::vector<std::string>& words) {
  json::object parameters;
  std::size_t place = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-' || is_digits(word.substr(1))) {
      if (place >= positional.size()) {
        throw Error::failed("cli.extra-word", "'" + word + "' is one word too many");
      }
      parameters[positional[place++]] = word;
      continue;
    }
    std::string name = word.substr(word.starts_with("--") ? 2 : 1);
    std::optional<std::string> value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const api::Parameter& parameter = parameter_of(method, name);
    if (!value && i + 1 < words.size() && !(is_boolean(parameter) && words[i + 1].starts_with("-"))) {
      value = words[++i];
    }
    if (!value && is_boolean(parameter)) value = "1";
    if (!value) throw Error::failed("cli.no-value", "the option '--" + name + "' needs a value");
    if (parameters.contains(name)) {
      json::value& earlier = parameters[name];
      if (!earlier.is_array()) earlier = json::array{earlier};
      earlier.get_array().push_back(json::value(*value));
    } else {
      parameters[name] = *value;
    }
  }
  for (; place < positional.size(); ++place) {
    const api::Parameter* parameter = method.parameter(positional[place]);
    if (parameter && !parameter->optional && !parameters.contains(positional[place])) {
      throw Error::failed("cli.missing-word", "<" + std::string(positional[place]) + "> is missing");
    }
  }
  return parameters;
}

std::vector<std::string> fill_path(std::string_view path, json::object& parameters) {
  std::vector<std::string> segments;
  for (std::string& segment : split_list(path, "/")) {
    if (segment.starts_with('{')) {
      const std::string name = segment.substr(1, segment.size() - 2);
      segment = text_member(parameters, name).value_or("");
      if (segment.empty()) throw Error::failed("cli.missing-word", "<" + name + "> is missing");
      parameters.erase(name);
    }
    segments.push_back(std::move(segment));
  }
  return segments;
}

int run_family(const std::string& family, const std::vector<std::string>& words) {
  const Command* command = words.empty() ? nullptr : find_command(family, words[0]);
  if (!command) {
    const bool asked = words.empty() || words[0] == "help" || asks_help(words);
    std::fputs(family_usage(family).c_str(), asked ? stdout : stderr);
    if (!asked) std::fprintf(stderr, "\n%s: there is no command '%s'\n", family.c_str(), words[0].c_str());
    return asked ? 0 : 2;
  }
  const api::Method& method = method_of(*command);
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (asks_help(rest)) {
    std::fputs(usage_of(*command, method).c_str(), stdout);
    return 0;
  }
  json::object parameters = parse_words(method, command->positional, rest);
  Client client(load_settings({.root = find_root("")}));
  complete(command->path, parameters, client.node());
  std::vector<std::string> path = fill_path(command->path, parameters);
  CallResult result = client.call(command->verb, std::move(path), std::move(parameters));
  return show(*command, client, result.data());
}

namespace {

struct PveshWords {
  std::vector<std::string> path;
  Format format = Format::text;
  std::vector<std::string> options;
};

PveshWords parse_pvesh(const std::vector<std::string>& words) {
  if (words.size() < 2) throw Error::failed("cli.missing-word", "<path> is missing");
  PveshWords parsed;
  parsed.path = split_list(words[1], "/");
  for (std::size_t i = 2; i < words.size(); ++i) {
    const bool joined = words[i].starts_with("--output-format=");
    if (!joined && words[i] != "--output-format") {
      parsed.options.push_back(words[i]);
      continue;
    }
    const std::string name = joined ? words[i].substr(16) : ++i < words.size() ? words[i] : "";
    if (name == "json") parsed.format = Format::json;
    else if (name == "json-pretty") parsed.format = Format::json_pretty;
    else if (name == "yaml") parsed.format = Format::yaml;
    else if (name != "text") throw Error::failed("cli.option", "--output-format: '" + name + "' is none of text, json, json-pretty, yaml");
  }
  return parsed;
}

int pvesh_list(const std::vector<std::string>& path) {
  const auto children = api::children_of(path);
  if (!children) throw Error::failed("cli.no-path", "No '" + join(path, "/") + "' resource defined");
  for (const api::PathChild& child : *children) {
    std::string letters = child.has_children ? "D" : "-";
    for (const api::Verb verb : {api::Verb::get, api::Verb::post, api::Verb::put, api::Verb::remove}) {
      const bool has = std::find(child.verbs.begin(), child.verbs.end(), verb) != child.verbs.end();
      constexpr std::string_view marks = "rcwd";
      letters += has ? marks[static_cast<std::size_t>(verb)] : '-';
    }
    const std::string name(child.name);
    std::printf("%s        %s\n", letters.c_str(), child.is_parameter ? ("{" + name + "}").c_str() : name.c_str());
  }
  return 0;
}

int pvesh_usage(const std::vector<std::string>& path) {
  bool any = false;
  constexpr std::string_view words[] = {"get", "create", "set", "delete"};
  for (const api::Verb verb : {api::Verb::get, api::Verb::post, api::Verb::put, api::Verb::remove}) {
    const api::Route route = api::find_route(verb, path);
    if (!route.method) continue;
    any = true;
    const Command command{"pvesh", words[static_cast<std::size_t>(verb)], verb, route.method->path,
                          {}, Show::text, {}};
    std::string text = usage_of(command, *route.method);
    std::puts(text.c_str());
  }
  if (!any) throw Error::failed("cli.no-path", "No '" + join(path, "/") + "' handler defined");
  return 0;
}

}  // namespace

int run_pvesh(const std::vector<std::string>& words) {
  const std::string action = words.empty() ? "" : words[0];
  if (action == "ls" || action == "usage") {
    const PveshWords parsed = words.size() < 2 ? PveshWords{} : parse_pvesh(words);
    return action == "ls" ? pvesh_list(parsed.path) : pvesh_usage(parsed.path);
  }
  const std::map<std::string, api::Verb> verbs = {{"get", api::Verb::get},
                                                  {"create", api::Verb::post},
                                                  {"set", api::Verb::put},
                                                  {"delete", api::Verb::remove}};
  const auto verb = verbs.find(action);
  if (verb == verbs.end()) {
    std::fputs("usage: pvesh get|create|set|delete|ls|usage PATH [--name value …] "
               "[--output-format text|json|json-pretty|yaml]\n", stderr);
    return 2;
  }
  PveshWords parsed = parse_pvesh(words);
  const api::Route route = api::find_route(verb->second, parsed.path);
  if (!route.method) {
    throw Error::failed("cli.no-path",
                        "No '" + action + "' handler defined for '/" + join(parsed.path, "/") + "'");
  }
  json::object parameters = parse_words(*route.method, {}, parsed.options);
  Client client(load_settings({.root = find_root("")}));
  CallResult result = client.call(verb->second, parsed.path, std::move(parameters));
  json::value& data = result.data();
  if (data.is_string() && data.get_string().starts_with("UPID:") && verb->second != api::Verb::get) {
    const std::string upid(data.get_string());
    const bool well = client.follow_task(upid);
    std::fputs(as_format(data, parsed.format).c_str(), stdout);
    return well ? 0 : 1;
  }
  std::fputs(as_format(data, parsed.format).c_str(), stdout);
  return 0;
}

}  // namespace posada::app
