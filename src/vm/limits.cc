#include "vm/limits.h"

#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "vm/config.h"
#include "vm/config_edit.h"
#include "vm/machine_type.h"

namespace posada::vm {

using guest::property;

namespace {

constexpr std::int64_t most_memory = 4 * 1024 * 1024;  // MiB
constexpr std::uint64_t largest_disk = std::uint64_t{1} << 50;
constexpr double largest_rate = 1e15;  // QEMU's throttle groups, in bytes or operations a second

bool is_asked(const guest::Values& asked, std::string_view key) {
  return asked.find(key) != asked.end();
}

void check_processors(const guest::ConfigSection& config, const guest::Values& asked) {
  const bool q35 = names_q35(config);
  const std::int64_t most = q35 ? 288 : 255;
  const std::int64_t sockets = integer(config, "sockets", 1), cores = integer(config, "cores", 1);
  const std::string limit = "a machine of the type '" + std::string(q35 ? "q35" : "pc") +
                            "' has at most " + std::to_string(most) + " CPUs";
  for (const auto& [key, count] : {std::pair{"sockets", sockets}, std::pair{"cores", cores}}) {
    if (is_asked(asked, key) && count > most) throw Error::parameter(key, limit);
  }
  if (sockets > most || cores > most || sockets * cores > most) {
    throw Error::parameter(is_asked(asked, "cores") ? "cores" : "sockets",
                           limit + ", and sockets * cores are " + std::to_string(sockets * cores));
  }
  if (integer(config, "vcpus", 0) > sockets * cores) {
    throw Error::parameter("vcpus", "more than sockets * cores, which are " +
                                        std::to_string(sockets * cores));
  }
}

void check_memory(const guest::ConfigSection& config) {
  const auto properties = memory_format().parse(config.get("memory", "512"));
  const std::int64_t memory = guest::property_integer(properties, "current", 512);
  if (memory > most_memory) {
    throw Error::parameter("memory", "at most " + std::to_string(most_memory) + " MiB (4 TiB)");
  }
  if (integer(config, "balloon", 0) > memory) {
    throw Error::parameter("balloon", "more than the memory, which is " + std::to_string(memory) +
                                          " MiB");
  }
}

void check_disk(const std::string& key, const std::string& value) {
  const Drive disk = parse_drive(key, value, true);
  if (const auto wanted = new_disk(disk.file()); wanted && wanted->bytes > largest_disk) {
    throw Error::parameter(key, "a new disk has at most 1048576 GiB (1 PiB)");
  }
  for (const auto& [option, text] : disk.options) {
    const bool mib = option.starts_with("mbps");
    if (!mib && !option.starts_with("bps") && !option.starts_with("iops")) continue;
    if (option.ends_with("_length")) continue;
    const double rate = std::strtod(text.c_str(), nullptr) * (mib ? 1024 * 1024 : 1);
    if (!std::isfinite(rate) || rate > largest_rate) {
      throw Error::parameter(key, "'" + option + "' is larger than QEMU can limit");
    }
  }
}

}  // namespace

void check_limits(const guest::ConfigSection& config, const guest::Values& asked) {
  for (const std::string_view key : {"sockets", "cores", "vcpus", "machine"}) {
    if (!is_asked(asked, key)) continue;
    check_processors(config, asked);
    break;
  }
  if (is_asked(asked, "memory") || is_asked(asked, "balloon")) check_memory(config);
  for (const auto& [key, value] : asked) {
    if (is_drive_key(key)) check_disk(key, value);
  }
}

}  // namespace posada::vm
