// Reads qcow2 headers (QEMU docs/interop/qcow2.txt, versions 2 and 3).
#include <fmt/format.h>

#include "image/bytes.h"
#include "image/formats.h"
#include "sys/folder.h"

namespace posada::image {
namespace {

constexpr std::uint64_t kibi = 1024;
constexpr std::uint64_t mebi = kibi * kibi;
// QEMU's own limits; a header beyond them was made to hurt.
constexpr std::uint64_t largest_l1_bytes = 32 * mebi;
constexpr std::uint64_t largest_refcount_table_bytes = 8 * mebi;
constexpr std::uint32_t most_snapshots = 65536;

constexpr std::uint64_t incompatible_corrupt = 1 << 1;
constexpr std::uint64_t incompatible_data_file = 1 << 2;
constexpr std::uint64_t incompatible_extended_l2 = 1 << 4;
constexpr std::uint64_t incompatible_known = 0x1f;

constexpr std::uint64_t extension_end = 0;
constexpr std::uint64_t extension_backing_format = 0xe2792aca;
constexpr std::uint64_t extension_data_file = 0x44415441;

struct Header {
  std::string bytes;
  std::uint64_t version = 0;
  std::uint64_t cluster_bits = 0;
  std::uint64_t incompatible = 0;
  std::uint64_t length = 72;

  std::uint64_t field(std::size_t offset, std::size_t count) const {
    return big_endian(bytes, offset, count);
  }
  std::uint64_t cluster() const { return std::uint64_t{1} << cluster_bits; }
};

Header read_header(const sys::Fd& file) {
  Header header;
  header.bytes = sys::read_at(file, 64 * kibi, 0);
  if (header.bytes.size() < 72 || !header.bytes.starts_with("QFI\xfb"))
    throw Error::failed("image.format", "not a qcow2 image");
  header.version = header.field(4, 4);
  if (header.version != 2 && header.version != 3)
    throw Error::failed("image.format",
                        fmt::format("qcow2 version {} is not supported", header.version));
  header.cluster_bits = header.field(20, 4);
  if (header.version == 3) {
    if (header.bytes.size() < 104) throw Error::failed("image.format", "qcow2 header is cut off");
    header.incompatible = header.field(72, 8);
    header.length = header.field(100, 4);
  }
  return header;
}

// The first thing that is wrong with the numbers of the header.
std::string find_damage(const Header& header, std::uint64_t disk_bytes) {
  if (header.cluster_bits < 9 || header.cluster_bits > 21)
    return fmt::format("cluster size 2^{} is not between 512 bytes and 2 MiB", header.cluster_bits);
  if (header.length < 72 || header.length > header.cluster())
    return fmt::format("header of {} bytes", header.length);
  if (header.incompatible & incompatible_corrupt) return "it is marked as corrupt";
  if (header.incompatible & ~incompatible_known) return "it needs features that are not known";
  if (disk_bytes > largest_qcow2) return fmt::format("virtual size of {} bytes", disk_bytes);
  const std::uint64_t l1_entries = header.field(36, 4);
  if (l1_entries * 8 > largest_l1_bytes) return fmt::format("L1 table of {} entries", l1_entries);
  const std::uint64_t entry = header.incompatible & incompatible_extended_l2 ? 16 : 8;
  const std::uint64_t covered_by_l2 = header.cluster() / entry * header.cluster();
  if (l1_entries < (disk_bytes + covered_by_l2 - 1) / covered_by_l2)
    return "its L1 table is too short for its size";
  if (header.field(56, 4) * header.cluster() > largest_refcount_table_bytes)
    return fmt::format("refcount table of {} clusters", header.field(56, 4));
  if (header.field(60, 4) > most_snapshots) return fmt::format("{} snapshots", header.field(60, 4));
  if (header.version == 3 && header.field(96, 4) > 6) return "refcounts of more than 64 bits";
  return {};
}

void read_extensions(const Header& header, Facts& facts) {
  std::size_t offset = header.length;
  while (offset + 8 <= header.bytes.size() && offset + 8 <= header.cluster()) {
    const std::uint64_t kind = header.field(offset, 4);
    const std::uint64_t length = header.field(offset + 4, 4);
    offset += 8;
    if (kind == extension_end || length > header.bytes.size() - offset) return;
    if (kind == extension_backing_format)
      facts.backing_format = header.bytes.substr(offset, length);
    if (kind == extension_data_file) facts.external_data = true;
    offset += (length + 7) / 8 * 8;
  }
}

}  // namespace

Facts inspect_qcow2(const sys::Fd& file) {
  const Header header = read_header(file);
  Facts facts;
  facts.kind = Kind::qcow2;
  facts.bytes = header.field(24, 8);
  facts.encrypted = header.field(32, 4) != 0;
  facts.snapshots = static_cast<std::uint32_t>(header.field(60, 4));
  facts.external_data = (header.incompatible & incompatible_data_file) != 0;
  facts.damage = find_damage(header, facts.bytes);
  if (!facts.damage.empty()) return facts;
  const std::uint64_t backing = header.field(8, 8);
  const std::uint64_t backing_length = header.field(16, 4);
  if (backing != 0) {
    if (backing_length > 1023 || backing + backing_length > header.cluster()) {
      facts.damage = "the name of its backing file does not lie in its header";
      return facts;
    }
    facts.backing_file = sys::read_at(file, backing_length, backing);
  }
  if (header.version == 3 || header.bytes.size() > 72) read_extensions(header, facts);
  return facts;
}

}  // namespace posada::image
