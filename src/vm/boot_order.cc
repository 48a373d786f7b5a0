// Which device a guest boots from first (command_line.h).
#include "base/text.h"
#include "vm/command_line.h"

namespace posada::vm {

namespace {

using Indices = std::map<std::string, int, std::less<>>;

// Letters: c the boot disk, d CD-ROMs, n network cards; each gets a hundred of its own.
Indices legacy_indices(const guest::ConfigSection& config, std::string_view letters) {
  std::map<char, int> next;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    next[letters[i]] = static_cast<int>(i + 1) * 100;
  }
  Indices result;
  const std::string_view boot_disk = config.get("bootdisk");
  for (const Drive& disk : drives(config)) {
    if (disk.bus == "efidisk" || disk.bus == "tpmstate") {
      continue;
    }
    const char letter = disk.is_cdrom() ? 'd' : 'c';
    if (next.contains(letter) && (disk.is_cdrom() || disk.key == boot_disk)) {
      result[disk.key] = next[letter]++;
    }
  }
  if (next.contains('n')) {
    for (int i = 0; i < 32; ++i) {
      const std::string key = "net" + std::to_string(i);
      if (config.has(key)) {
        result[key] = next['n']++;
      }
    }
  }
  return result;
}

}  // namespace

std::map<std::string, int, std::less<>> boot_indices(const guest::ConfigSection& config) {
  if (!config.has("boot")) {
    return legacy_indices(config, "cdn");
  }
  const auto boot = boot_format().parse(config.get("boot"));
  if (boot.contains("legacy")) {
    return legacy_indices(config, guest::property(boot, "legacy"));
  }
  Indices result;
  int index = 100;  // leaves room for devices that come before ours
  for (const std::string& device : split_list(guest::property(boot, "order"), ";")) {
    result[device] = index++;
  }
  return result;
}

}  // namespace posada::vm
