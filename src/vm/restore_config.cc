// Rewriting the config inside a backup for a restore (config.h).
#include "base/text.h"
#include "vm/config.h"

namespace posada::vm {

namespace {

constexpr std::string_view map_prefix = "#qmdump#map:";

std::optional<std::string_view> key_of(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  return line.substr(0, colon);
}

std::string placed_line(std::string_view line, std::string_view key, const PlaceDisk& place) {
  Drive disk = parse_drive(key, trim(line.substr(key.size() + 1)));
  if (disk.is_cdrom()) {
    return std::string(line);
  }
  const auto volume = place(key);
  if (!volume) {
    return "#" + std::string(line);
  }
  disk.options["file"] = *volume;
  disk.options.erase("format");
  return std::string(key) + ": " + print_drive(disk);
}

}  // namespace

std::vector<BackupDisk> backup_disks(std::string_view text) {
  std::vector<BackupDisk> disks;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with(map_prefix)) {
      auto fields = split(std::string_view(line).substr(map_prefix.size()), ':');
      fields.resize(4);
      disks.push_back({fields[0], fields[1], fields[2], fields[3]});
    }
  }
  return disks;
}

std::string restored_config(std::string_view text, const PlaceDisk& place) {
  std::string result;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("#qmdump#") || line.starts_with("#vzdump#")) {
      continue;
    }
    const auto key = key_of(line);
    if (key && (*key == "lock" || *key == "parent" || is_unused_key(*key))) {
      continue;
    }
    if (key && is_drive_key(*key)) {
      result += placed_line(line, *key, place) + "\n";
    } else if (!line.empty()) {
      result += line + "\n";
    }
  }
  return result;
}

}  // namespace posada::vm
