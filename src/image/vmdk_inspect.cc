// Reads VMDK headers: the sparse single-file kinds that other platforms export. A descriptor that
// names other files is recognised, so that it can be refused.
#include <fmt/format.h>

#include "base/text.h"
#include "image/bytes.h"
#include "image/formats.h"
#include "sys/folder.h"

namespace posada::image {
namespace {

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t largest_descriptor = 64 * 1024;
constexpr std::uint64_t largest_disk_sectors = std::uint64_t{1} << 41;

// `key=value` or `key="value"`.
std::string value_of(std::string_view line) {
  std::string_view value = trim(line.substr(line.find('=') + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  return std::string(value);
}

void read_descriptor(std::string_view text, Facts& facts) {
  std::size_t extents = 0;
  for (const std::string& whole : split(text, '\n')) {
    const std::string_view line = trim(whole);
    const std::string key = lower(trim(line.substr(0, line.find('='))));
    if (key == "parentcid") {
      if (lower(value_of(line)) != "ffffffff") facts.backing_file = "(parent disk)";
    } else if (key == "parentfilenamehint") {
      facts.backing_file = value_of(line);
    } else if (key == "createtype") {
      const std::string type = value_of(line);
      if (type != "monolithicSparse" && type != "streamOptimized") facts.external_data = true;
    } else if (line.starts_with("RW ") || line.starts_with("RDONLY ") ||
               line.starts_with("NOACCESS ")) {
      ++extents;
      if (line.find(" SPARSE ") == std::string_view::npos) facts.external_data = true;
    }
  }
  if (extents != 1) facts.external_data = true;
}

}  // namespace

Facts inspect_vmdk(const sys::Fd& file) {
  const std::string header = sys::read_at(file, sector, 0);
  Facts facts;
  facts.kind = Kind::vmdk;
  if (lower(header.substr(0, 21)) == "# disk descriptorfile") {
    facts.external_data = true;  // a text that names the files with the data
    return facts;
  }
  if (header.size() < sector || !header.starts_with("KDMV"))
    throw Error::failed("image.format", "not a VMDK image");
  const std::uint64_t version = little_endian(header, 4, 4);
  if (version < 1 || version > 3) {
    facts.damage = fmt::format("VMDK version {}", version);
    return facts;
  }
  const std::uint64_t capacity = little_endian(header, 12, 8);
  const std::uint64_t grain = little_endian(header, 20, 8);
  const std::uint64_t descriptor = little_endian(header, 28, 8);
  const std::uint64_t descriptor_sectors = little_endian(header, 36, 8);
  if (capacity > largest_disk_sectors) {
    facts.damage = fmt::format("virtual size of {} sectors", capacity);
    return facts;
  }
  facts.bytes = capacity * sector;
  if (grain == 0 || grain > 4096 || (grain & (grain - 1)) != 0) {
    facts.damage = fmt::format("grain of {} sectors", grain);
  } else if (descriptor == 0 || descriptor_sectors * sector > largest_descriptor ||
             descriptor > largest_disk_sectors) {
    facts.damage = "it has no descriptor";
  } else {
    read_descriptor(sys::read_at(file, descriptor_sectors * sector, descriptor * sector), facts);
  }
  return facts;
}

}  // namespace posada::image
