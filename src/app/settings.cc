#include "app/settings.h"

#include <cstdlib>
#include <filesystem>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/host.h"

namespace posada::app {
namespace {

// `key = value` lines; strings in double quotes. The subset of TOML that these settings need.
std::map<std::string, std::string> parse_settings(const std::string& file, const std::string& text) {
  std::map<std::string, std::string> values;
  int number = 0;
  for (const std::string& raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      throw Error::failed("settings.invalid", file + ":" + std::to_string(number) +
                                                  ": expected `name = value`");
    }
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    values[std::string(trim(line.substr(0, equals)))] = value;
  }
  return values;
}

void apply_file(Settings& settings, const std::string& file) {
  const std::optional<std::string> text = sys::read_file_if_exists(file);
  if (!text) return;
  for (const auto& [name, value] : parse_settings(file, *text)) {
    if (name == "node") {
      settings.node = value;
    } else if (name == "address") {
      settings.address = value;
    } else if (name == "port") {
      const std::optional<std::int64_t> port = to_integer(value);
      if (!port || *port < 1 || *port > 65535) {
        throw Error::failed("settings.invalid",
                            file + ": port: '" + value + "' is no number from 1 to 65535");
      }
      settings.port = static_cast<std::uint16_t>(*port);
    } else if (name == "private_downloads") {
      if (value != "true" && value != "false") {
        throw Error::failed("settings.invalid",
                            file + ": private_downloads: '" + value + "' is not true or false");
      }
      settings.private_downloads = value == "true";
    } else {
      throw Error::failed("settings.invalid",
                          file + ": unknown setting '" + name +
                              "' (known: node, address, port, private_downloads)");
    }
  }
}

std::string programs_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

std::string runtime_folder(const Settings& settings) {
  if (settings.privileged) return "/run/posada/" + settings.instance;
  // Not $XDG_RUNTIME_DIR: it goes when its user signs out, and guests run on; another session may
  // have another one or none, and must find the same node. A socket's path has at most 107 bytes.
  constexpr std::size_t longest = 70;
  const std::string own = settings.root + "/run";
  if (!settings.root.empty() && own.size() <= longest) return own;
  return "/tmp/posada-" + std::to_string(sys::own_user()) + "/" + settings.instance;
}

}  // namespace

std::string Settings::credentials() const {
  return (root.empty() ? data : root) + "/credentials";
}

UidRange Settings::uid_range() const {
  constexpr unsigned lowest = 0x10000000;  // far above what hosts and directories give out
  constexpr unsigned slot_size = 0x200000;
  const auto slot = static_cast<unsigned>(std::stoul(instance.substr(0, 8), nullptr, 16) % 512);
  UidRange range;
  range.first = lowest + slot * slot_size;
  range.machines = 0x10000;
  range.first_container = range.first + 0x10000;
  range.containers = slot_size / 0x10000 - 1;
  return range;
}

std::string find_root(const std::string& given) {
  namespace fs = std::filesystem;
  if (!given.empty()) return fs::absolute(given).lexically_normal().string();
  if (const char* named = std::getenv("POSADA_ROOT"); named && *named) {
    return fs::absolute(named).lexically_normal().string();
  }
  std::error_code error;
  for (fs::path folder = fs::current_path(error); !error; folder = folder.parent_path()) {
    if (fs::is_directory(folder / ".posada", error)) return (folder / ".posada").string();
    if (folder == folder.parent_path()) break;
  }
  return {};
}

Settings load_settings(const Overrides& overrides) {
  Settings settings;
  settings.root = overrides.root;
  while (settings.root.size() > 1 && settings.root.back() == '/') settings.root.pop_back();
  settings.privileged = sys::own_user() == 0;
  settings.programs = programs_folder();
  settings.instance = sha256_hex(settings.root.empty() ? "/" : settings.root).substr(0, 8);
  settings.node = sys::host_name();
  if (settings.root.empty()) {
    settings.data = "/var/lib/posada";
    settings.local = "/var/lib/vz";
    settings.log = "/var/log/posada";
    apply_file(settings, "/etc/posada/posada.toml");
  } else {
    settings.data = settings.root + "/data";
    settings.local = settings.root + "/local";
    settings.log = settings.root + "/log";
    apply_file(settings, settings.root + "/posada.toml");
  }
  settings.run = runtime_folder(settings);
  const std::string shared = settings.programs + "/../share/posada";
  const bool installed = sys::exists(shared);
  settings.page = installed ? shared + "/page" : settings.programs + "/../../web/dist";
  settings.openapi = installed ? shared + "/openapi.json" : settings.programs + "/generated/openapi.json";
  if (!overrides.node.empty()) settings.node = overrides.node;
  if (!overrides.address.empty()) settings.address = overrides.address;
  if (overrides.port) settings.port = *overrides.port;
  for (const char c : settings.node) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-';
    if (!allowed || settings.node.front() == '-' || settings.node.back() == '-') {
      throw Error::failed("settings.invalid", "node: '" + settings.node +
                                                  "' is no host name (letters, digits and '-')");
    }
  }
  return settings;
}

}  // namespace posada::app
