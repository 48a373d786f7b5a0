#include "image/foreign.h"

#include <array>

#include "sys/folder.h"

namespace posada::image {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view name;
  bool compressed = false;
};

constexpr std::array<Signature, 10> signatures{{
    {0, "vhdxfile"sv, "VHDX"},
    {0, "conectix"sv, "VHD"},
    {64, "\x7f\x10\xda\xbe"sv, "VDI"},
    {0, "QED\0"sv, "QED"},
    {0, "WithoutFreeSpace"sv, "Parallels"},
    {0, "WithouFreSpacExt"sv, "Parallels"},
    {0, "\x1f\x8b\x08"sv, "gzip", true},
    {0, "\xfd\x37zXZ\0"sv, "xz", true},
    {0, "\x28\xb5\x2f\xfd"sv, "zstd", true},
    {0, "BZh"sv, "bzip2", true},
}};
constexpr std::size_t head_bytes = 128;
constexpr std::size_t footer_bytes = 512;  // of a VHD of fixed size, which has no header

[[noreturn]] void refuse(const std::string& name, const std::string& what,
                         const std::string& remedy) {
  throw Error::failed("image.foreign", "'" + name + "' is " + what + ": " + remedy,
                      {{"file", name}});
}

}  // namespace

void require_kind(const sys::Fd& file, Kind kind, const std::string& name) {
  const Kind found = guess(file);
  if (kind == Kind::raw && found != Kind::raw) {
    const std::string format(text(found));
    refuse(name, "a " + format + " image", "give it a name that ends in ." + format);
  }
  if (kind != Kind::raw) return;  // its own reader says what is wrong
  const auto convert = [&](std::string_view format) {
    refuse(name, "a " + std::string(format) + " image, which cannot be imported",
           "convert it first, for instance with qemu-img convert -O qcow2");
  };
  const std::string head = sys::read_at(file, head_bytes, 0);
  for (const Signature& signature : signatures) {
    if (head.size() < signature.offset + signature.bytes.size()) continue;
    if (head.compare(signature.offset, signature.bytes.size(), signature.bytes) != 0) continue;
    if (signature.compressed)
      refuse(name, "compressed (" + std::string(signature.name) + ")", "unpack it first");
    convert(signature.name);
  }
  const std::uint64_t bytes = sys::status_of(file).bytes;
  if (bytes >= footer_bytes &&
      sys::read_at(file, footer_bytes, bytes - footer_bytes).starts_with("conectix"))
    convert("VHD");
}

}  // namespace posada::image
