#include "vm/machine_type.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "guest/properties.h"
#include "vm/config.h"

namespace posada::vm {

Version Version::parse(std::string_view text) {
  Version result;
  int* const parts[] = {&result.major, &result.minor, &result.patch};
  for (int* part : parts) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    *part = static_cast<int>(to_integer(text.substr(0, end)).value_or(0));
    if (end >= text.size() || text[end] != '.') {
      break;
    }
    text.remove_prefix(end + 1);
  }
  return result;
}

std::string Version::text() const {
  std::string result = std::to_string(major) + "." + std::to_string(minor);
  return patch >= 0 ? result + "." + std::to_string(patch) : result;
}

int windows_version(std::string_view ostype) {
  static const std::map<std::string_view, int> versions = {
      {"wxp", 5},  {"w2k", 5},  {"w2k3", 5},   {"wvista", 6}, {"w2k8", 6},
      {"win7", 7}, {"win8", 8}, {"win10", 10}, {"win11", 11}};
  const auto found = versions.find(ostype);
  return found == versions.end() ? 0 : found->second;
}

namespace {

// The version a guest was created with, from `meta: creation-qemu=9.0.2,ctime=…`.
std::optional<Version> creation_version(const guest::ConfigSection& config) {
  for (const std::string& part : split(config.get("meta"), ',')) {
    if (part.starts_with("creation-qemu=")) {
      return Version::parse(std::string_view(part).substr(14));
    }
  }
  return std::nullopt;
}

Version without_patch(Version version) {
  version.patch = -1;
  return version;
}

}  // namespace

bool names_q35(const guest::ConfigSection& config) {
  const auto properties = machine_format().parse(config.get("machine"));
  const std::string_view type = guest::property(properties, "type");
  return type.starts_with("q35") || type.starts_with("pc-q35");
}

MachineType resolve_machine(const guest::ConfigSection& config, const Version& installed,
                            std::string_view node) {
  const auto properties = machine_format().parse(config.get("machine"));
  std::string type(guest::property(properties, "type", "pc"));
  MachineType result;
  if (type.ends_with(".pxe")) {
    result.pxe = true;
    type.resize(type.size() - 4);
  }
  std::string suffix = "+pve0";
  if (const std::size_t plus = type.find('+'); plus != std::string::npos) {
    suffix = type.substr(plus);
    type.resize(plus);
  }
  result.q35 = names_q35(config);
  const Version newest = without_patch(installed);
  if (const std::size_t digit = type.find_last_of('-'); digit != std::string::npos) {
    result.version = Version::parse(std::string_view(type).substr(digit + 1));
    result.pinned = true;
    result.written = type + suffix;
    if (without_patch(result.version) > newest) {
      throw Error::failed("vm.machine-too-new",
                          "Installed QEMU version '" + installed.text() +
                              "' is too old to run machine type '" + result.written +
                              "', please upgrade node '" + std::string(node) + "'",
                          {{"machine", result.written}, {"qemu", installed.text()}});
    }
    result.name = type.starts_with("pc-") && !result.q35 && !type.starts_with("pc-i440fx")
                      ? "pc-i440fx-" + type.substr(3)
                      : type;
    return result;
  }
  result.version = newest;
  if (windows_version(config.get("ostype")) > 0) {
    result.pinned = true;
    result.version =
        std::min(newest, without_patch(creation_version(config).value_or(Version{5, 1})));
  }
  result.name = (result.q35 ? "pc-q35-" : "pc-i440fx-") + result.version.text();
  result.written = (result.pinned ? result.name : type) + suffix;
  return result;
}

}  // namespace posada::vm
