#include "front/settings.h"

#include <functional>
#include <map>

#include "base/error.h"
#include "base/text.h"

namespace posada::front {
namespace {

Error wrong(const std::string& option, const std::string& why) {
  return Error::failed("front.settings", option + ": " + why, {{"option", option}});
}

}  // namespace

std::string usage() {
  return R"(Usage: posada-front --socket PATH (--listen ADDRESS:PORT | --listen-fd NUMBER)
                    --certificate FILE --key FILE [--page DIRECTORY] [--openapi FILE]
                    [--user NAME]

The HTTPS side of a Posada node: it parses HTTP and asks the daemon at PATH. An empty
ADDRESS listens on every address. Started by root it becomes NAME (posada, or nobody).
SIGHUP reads certificate, key and OpenAPI file again; SIGTERM ends it.
)";
}

Settings parse_settings(const std::vector<std::string>& arguments) {
  Settings settings;
  const std::map<std::string, std::function<void(const std::string&)>> options{
      {"--socket", [&](const std::string& value) { settings.socket = value; }},
      {"--listen", [&](const std::string& value) { settings.listen = value; }},
      {"--listen-fd",
       [&](const std::string& value) {
         auto number = to_integer(value);
         if (!number || *number < 3 || *number > 65535) {
           throw wrong("--listen-fd", "'" + value + "' is not the number of a descriptor");
         }
         settings.listen_descriptor = static_cast<int>(*number);
       }},
      {"--certificate", [&](const std::string& value) { settings.certificate = value; }},
      {"--key", [&](const std::string& value) { settings.key = value; }},
      {"--page", [&](const std::string& value) { settings.page = value; }},
      {"--openapi", [&](const std::string& value) { settings.openapi = value; }},
      {"--user", [&](const std::string& value) { settings.user = value; }},
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name == "--help" || name == "-h") {
      settings.help = true;
      return settings;
    }
    std::optional<std::string> value;
    if (std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    auto option = options.find(name);
    if (option == options.end()) throw wrong(name, "no such option; see --help");
    if (!value) {
      if (++i == arguments.size()) throw wrong(name, "a value is missing after it");
      value = arguments[i];
    }
    option->second(*value);
  }
  for (auto& [name, value] :
       {std::pair{"--socket", &settings.socket}, std::pair{"--certificate", &settings.certificate},
        std::pair{"--key", &settings.key}}) {
    if (value->empty()) throw wrong(name, "it is needed; see --help");
  }
  if (settings.listen.empty() == !settings.listen_descriptor.has_value()) {
    throw wrong("--listen", "exactly one of --listen and --listen-fd is needed");
  }
  return settings;
}

}  // namespace posada::front
