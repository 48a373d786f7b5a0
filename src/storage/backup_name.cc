#include "storage/backup_name.h"

#include <array>
#include <ctime>

#include "base/text.h"

namespace posada::storage {
namespace {

struct Extension {
  std::string_view text;
  std::string_view format;
  std::string_view compression;
};

// Longest first, so that ".tar.gz" is not read as a name that ends in ".gz".
constexpr std::array<Extension, 11> extensions = {{{".vma.gz", "vma", "gz"},
                                                   {".vma.lzo", "vma", "lzo"},
                                                   {".vma.zst", "vma", "zst"},
                                                   {".vma.bz2", "vma", "bz2"},
                                                   {".tar.gz", "tar", "gz"},
                                                   {".tar.lzo", "tar", "lzo"},
                                                   {".tar.zst", "tar", "zst"},
                                                   {".tar.bz2", "tar", "bz2"},
                                                   {".vma", "vma", ""},
                                                   {".tar", "tar", ""},
                                                   {".tgz", "tar", "gz"}}};

// "2020_03_30-21_12_40" → seconds, in the machine's local time.
std::optional<std::int64_t> local_time(std::string_view stamp) {
  constexpr std::string_view shape = "dddd_dd_dd-dd_dd_dd";
  if (stamp.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = stamp[i] >= '0' && stamp[i] <= '9';
    if (shape[i] == 'd' ? !digit : stamp[i] != shape[i]) return std::nullopt;
  }
  auto number = [&](std::size_t from, std::size_t count) {
    return static_cast<int>(*to_integer(stamp.substr(from, count)));
  };
  std::tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  parts.tm_hour = number(11, 2);
  parts.tm_min = number(14, 2);
  parts.tm_sec = number(17, 2);
  parts.tm_isdst = -1;
  const bool possible = parts.tm_mon >= 0 && parts.tm_mon < 12 && parts.tm_mday >= 1 &&
                        parts.tm_mday <= 31 && parts.tm_hour < 24 && parts.tm_min < 60 &&
                        parts.tm_sec < 60;
  if (!possible) return std::nullopt;
  return std::mktime(&parts);
}

}  // namespace

std::string BackupName::extension() const {
  if (file.ends_with(".tgz")) return "tgz";
  return compression.empty() ? format : format + "." + compression;
}

std::string BackupName::log_file() const {
  return file.substr(0, file.size() - extension().size() - 1) + ".log";
}

std::string BackupName::notes_file() const {
  return file + ".notes";
}

std::optional<BackupName> parse_backup_name(std::string_view file) {
  BackupName name;
  name.file = file;
  std::string_view rest = file;
  for (const std::string_view kind : {"qemu", "lxc", "openvz"}) {
    const std::string prefix = "vzdump-" + std::string(kind) + "-";
    if (rest.starts_with(prefix)) {
      name.guest_kind = kind;
      rest.remove_prefix(prefix.size());
      break;
    }
  }
  if (name.guest_kind.empty()) return std::nullopt;
  for (const Extension& extension : extensions) {
    if (!rest.ends_with(extension.text)) continue;
    name.format = extension.format;
    name.compression = extension.compression;
    rest.remove_suffix(extension.text.size());
    break;
  }
  if (name.format.empty() || rest.empty()) return std::nullopt;

  const std::size_t dash = rest.find('-');
  if (dash != std::string_view::npos && is_digits(rest.substr(0, dash)) && dash <= 9) {
    if (const auto created = local_time(rest.substr(dash + 1))) {
      name.is_standard = true;
      name.guest = GuestId{static_cast<std::uint32_t>(*to_integer(rest.substr(0, dash)))};
      name.created = created;
    }
  }
  return name;
}

}  // namespace posada::storage
