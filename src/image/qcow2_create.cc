// Writes new qcow2 images (version 3, clusters of 64 KiB) without starting a program, because a
// guest's creation must not wait for one.
//
// Layout: header | refcount table | refcount blocks | L1 table | L2 tables | data. With
// preallocation every table is filled and every data cluster has its place (data stays a hole in
// the file), so that a guest's first write to a cluster changes no metadata.
#include <algorithm>

#include <fmt/format.h>

#include "image/bytes.h"
#include "image/formats.h"
#include "sys/folder.h"

namespace posada::image {
namespace {

constexpr std::uint64_t cluster_bits = 16;
constexpr std::uint64_t cluster = std::uint64_t{1} << cluster_bits;
constexpr std::uint64_t l2_entries = cluster / 8;
constexpr std::uint64_t refcounts_in_block = cluster / 2;  // 16 bits each
constexpr std::uint64_t copied = std::uint64_t{1} << 63;   // refcount is exactly one
constexpr std::uint64_t header_length = 112;

std::uint64_t divide_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit;
}

// Counts of clusters of each part; they depend on each other, so the refcount parts are found by
// growing until they cover everything.
struct Layout {
  std::uint64_t data = 0;
  std::uint64_t l2 = 0;
  std::uint64_t l1_entries = 0;
  std::uint64_t l1 = 0;
  std::uint64_t refcount_blocks = 1;
  std::uint64_t refcount_table = 1;

  std::uint64_t total() const { return 1 + refcount_table + refcount_blocks + l1 + l2 + data; }
  std::uint64_t refcount_blocks_at() const { return 1 + refcount_table; }
  std::uint64_t l1_at() const { return refcount_blocks_at() + refcount_blocks; }
  std::uint64_t l2_at() const { return l1_at() + l1; }
  std::uint64_t data_at() const { return l2_at() + l2; }
};

Layout layout_for(std::uint64_t bytes, bool preallocate) {
  Layout layout;
  const std::uint64_t clusters = divide_up(bytes, cluster);
  layout.l1_entries = std::max<std::uint64_t>(divide_up(clusters, l2_entries), 1);
  layout.l1 = divide_up(layout.l1_entries * 8, cluster);
  if (preallocate) {
    layout.data = clusters;
    layout.l2 = divide_up(clusters, l2_entries);
  }
  for (;;) {
    const std::uint64_t blocks = divide_up(layout.total(), refcounts_in_block);
    const std::uint64_t table = divide_up(blocks * 8, cluster);
    if (blocks <= layout.refcount_blocks && table <= layout.refcount_table) return layout;
    layout.refcount_blocks = std::max(blocks, layout.refcount_blocks);
    layout.refcount_table = std::max(table, layout.refcount_table);
  }
}

std::string header_for(const Layout& layout, std::uint64_t bytes,
                       const std::optional<Backing>& backing) {
  std::string header(header_length, '\0');
  header.replace(0, 4, "QFI\xfb");
  put_big_endian(header, 4, 3, 4);
  put_big_endian(header, 20, cluster_bits, 4);
  put_big_endian(header, 24, bytes, 8);
  put_big_endian(header, 36, layout.l1_entries, 4);
  put_big_endian(header, 40, layout.l1_at() * cluster, 8);
  put_big_endian(header, 48, cluster, 8);  // the refcount table follows the header
  put_big_endian(header, 56, layout.refcount_table, 4);
  put_big_endian(header, 96, 4, 4);  // refcounts of 2^4 bits
  put_big_endian(header, 100, header_length, 4);
  if (backing) {
    const std::string_view format = text(backing->kind);
    std::string extension(8, '\0');
    put_big_endian(extension, 0, 0xe2792aca, 4);
    put_big_endian(extension, 4, format.size(), 4);
    extension += format;
    extension.resize(divide_up(extension.size(), 8) * 8);
    header += extension;
  }
  header += std::string(8, '\0');  // end of the extensions
  if (backing) {
    put_big_endian(header, 8, header.size(), 8);
    put_big_endian(header, 16, backing->file.size(), 4);
    header += backing->file;
  }
  return header;
}

// Writes `count` entries of `width` bytes, each given by `value`, in pieces of a cluster.
template <class Value>
void write_table(const sys::Fd& file, std::uint64_t at_cluster, std::uint64_t count,
                 std::size_t width, Value value) {
  const std::uint64_t in_piece = cluster / width;
  std::string piece;
  for (std::uint64_t done = 0; done < count; done += in_piece) {
    const std::uint64_t now = std::min(in_piece, count - done);
    piece.assign(now * width, '\0');
    for (std::uint64_t i = 0; i < now; ++i)
      put_big_endian(piece, i * width, value(done + i), width);
    sys::write_at(file, piece, at_cluster * cluster + done * width);
  }
}

}  // namespace

void create_qcow2(const sys::Fd& file, std::uint64_t bytes, Preallocation preallocation,
                  const std::optional<Backing>& backing) {
  if (bytes > largest_qcow2)
    throw Error::parameter("size",
                           fmt::format("{} bytes are more than qcow2 images may have", bytes));
  if (backing && backing->file.size() > 1023)
    throw Error::failed("image.backing", "the name of the backing file is too long");
  const Layout layout = layout_for(bytes, preallocation != Preallocation::off && !backing);
  write_table(file, 1, layout.refcount_blocks, 8,
              [&](std::uint64_t i) { return (layout.refcount_blocks_at() + i) * cluster; });
  write_table(file, layout.refcount_blocks_at(), layout.total(), 2,
              [](std::uint64_t) { return std::uint64_t{1}; });
  write_table(file, layout.l1_at(), layout.l2, 8,
              [&](std::uint64_t i) { return ((layout.l2_at() + i) * cluster) | copied; });
  write_table(file, layout.l2_at(), layout.data, 8,
              [&](std::uint64_t i) { return ((layout.data_at() + i) * cluster) | copied; });
  if (preallocation == Preallocation::falloc) sys::reserve_space(file, layout.total() * cluster);
  if (preallocation == Preallocation::full) {
    const std::string zeros(cluster, '\0');
    for (std::uint64_t i = 0; i < layout.data; ++i)
      sys::write_at(file, zeros, (layout.data_at() + i) * cluster);
  }
  sys::set_length(file, layout.total() * cluster);
  // The magic comes last: a file without it is no image, whatever was interrupted.
  sys::write_at(file, header_for(layout, bytes, backing), 0);
  sys::synchronize(file);
}

void write_image(const sys::Fd& file, Kind kind, std::string_view content, std::uint64_t bytes) {
  sys::set_length(file, 0);
  if (kind == Kind::qcow2) {
    create_qcow2(file, bytes, Preallocation::metadata);
    sys::write_at(file, content, layout_for(bytes, true).data_at() * cluster);
  } else if (kind == Kind::raw) {
    create_raw(file, bytes, Preallocation::off);
    sys::write_at(file, content, 0);
  } else {
    throw Error::failed("image.format", "images of this format cannot be written");
  }
  sys::synchronize(file);
}

bool grow_qcow2(const sys::Fd& file, std::uint64_t bytes) {
  const Facts facts = inspect(file, Kind::qcow2);
  if (!facts.damage.empty())
    throw Error::failed("image.damaged", "qcow2 image is damaged: " + facts.damage);
  std::string header = sys::read_at(file, 104, 0);
  const std::uint64_t bits = big_endian(header, 20, 4);
  const std::uint64_t size = std::uint64_t{1} << bits;
  const bool extended = big_endian(header, 4, 4) == 3 && (big_endian(header, 72, 8) & 0x10);
  const std::uint64_t old_entries = big_endian(header, 36, 4);
  const std::uint64_t covered = size / (extended ? 16 : 8) * size;
  const std::uint64_t entries = divide_up(bytes, covered);
  // A table owns whole clusters, so it may grow to the end of its last one.
  if (bytes > largest_qcow2 || divide_up(entries * 8, size) > divide_up(old_entries * 8, size))
    return false;
  if (facts.snapshots > 0 || !facts.backing_file.empty()) return false;
  const std::uint64_t l1 = big_endian(header, 40, 8);
  if (entries > old_entries) {
    sys::write_at(file, std::string((entries - old_entries) * 8, '\0'), l1 + old_entries * 8);
    sys::synchronize(file);
    put_big_endian(header, 36, entries, 4);
  }
  put_big_endian(header, 24, bytes, 8);
  sys::write_at(file, std::string_view(header).substr(0, 40), 0);
  sys::synchronize(file);
  return true;
}

}  // namespace posada::image
