#include "host/time_zone.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/text.h"
#include "sys/file.h"
#include "sys/link.h"

namespace posada::host {
namespace {

std::string zone_file(const Host& host, const std::string& name) {
  return host.places.share + "/zoneinfo/" + name;
}

bool is_zone_name(std::string_view name) {
  const auto allowed = [](unsigned char byte) {
    return std::isalnum(byte) != 0 || byte == '+' || byte == '-' || byte == '_' || byte == '/';
  };
  return !name.empty() && name.size() < 64 && name.front() != '/' && name.back() != '/' &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  if (bytes.size() == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

// The counts of one header, in the file's order.
struct Counts {
  std::size_t utc, standard, leaps, times, types, names;
  std::size_t bytes(std::size_t time_size) const {
    return times * time_size + times + types * 6 + names + leaps * (time_size + 4) + standard + utc;
  }
};
constexpr std::size_t header_bytes = 44;

std::optional<Counts> counts_of(std::string_view file) {
  if (file.size() < header_bytes || !file.starts_with("TZif")) return std::nullopt;
  const auto count = [&](std::size_t place) {
    return static_cast<std::size_t>(big_endian(file.substr(20 + place * 4, 4)));
  };
  return Counts{count(0), count(1), count(2), count(3), count(4), count(5)};
}

}  // namespace

std::int64_t offset_in_zone(std::string_view file, std::int64_t wall_seconds) {
  const std::optional<Counts> old = counts_of(file);
  if (!old || file[4] < '2') return 0;
  const std::size_t skip = header_bytes + old->bytes(4);
  if (file.size() < skip) return 0;
  file.remove_prefix(skip);
  const std::optional<Counts> counts = counts_of(file);
  if (!counts || counts->types == 0) return 0;
  if (file.size() < header_bytes + counts->bytes(8)) return 0;
  file.remove_prefix(header_bytes);
  const std::string_view kinds = file.substr(counts->times * 8, counts->times);
  const std::string_view types = file.substr(counts->times * 9, counts->types * 6);
  std::size_t type = 0;
  for (std::size_t i = 0; i < counts->times; ++i) {
    if (big_endian(file.substr(i * 8, 8)) > wall_seconds) break;
    type = static_cast<unsigned char>(kinds[i]);
  }
  return type < counts->types ? big_endian(types.substr(type * 6, 4)) : 0;
}

std::string zone_text(const Host& host, const std::string& name) {
  if (!is_zone_name(name)) return {};
  const std::string path = zone_file(host, name);
  if (!sys::real_path(path + "/.").empty()) return {};  // a folder of zones ("Europe")
  return sys::read_file_if_exists(path).value_or("");
}

std::string time_zone(const Host& host) {
  const std::string name(trim(host.read_etc("timezone")));
  if (!name.empty()) return name;
  // Systems without /etc/timezone say it by where the link leads.
  const std::string target = sys::link_target(host.places.etc + "/localtime").value_or("");
  const std::size_t folder = target.find("zoneinfo/");
  return folder == std::string::npos ? "UTC" : target.substr(folder + 9);
}

void set_time_zone(const Host& host, const std::string& name) {
  if (!zone_text(host, name).starts_with("TZif")) {
    throw Error::parameter("timezone",
                           "No such timezone: '" + name + "'; use a name such as Europe/Madrid");
  }
  const std::string path = host.writable_etc("timezone");
  sys::replace_link(host.places.etc + "/localtime", zone_file(host, name));
  sys::write_file(path, name + "\n");
}

std::int64_t zone_offset(const Host& host, const std::string& name, std::int64_t wall_seconds) {
  return offset_in_zone(zone_text(host, name), wall_seconds);
}

}  // namespace posada::host
