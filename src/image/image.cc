#include "image/image.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "image/formats.h"
#include "sys/folder.h"

namespace posada::image {

std::string_view text(Kind kind) {
  switch (kind) {
    case Kind::raw:
      return "raw";
    case Kind::qcow2:
      return "qcow2";
    case Kind::vmdk:
      return "vmdk";
  }
  return "raw";
}

std::optional<Preallocation> preallocation_from(std::string_view text) {
  if (text == "off") return Preallocation::off;
  if (text == "metadata") return Preallocation::metadata;
  if (text == "falloc") return Preallocation::falloc;
  if (text == "full") return Preallocation::full;
  return std::nullopt;
}

Facts inspect(const sys::Fd& file, Kind kind) {
  switch (kind) {
    case Kind::qcow2:
      return inspect_qcow2(file);
    case Kind::vmdk:
      return inspect_vmdk(file);
    case Kind::raw:
      break;
  }
  Facts facts;
  facts.bytes = sys::status_of(file).bytes;
  return facts;
}

Kind guess(const sys::Fd& file) {
  const std::string start = sys::read_at(file, 32, 0);
  if (start.starts_with("QFI\xfb")) return Kind::qcow2;
  if (start.starts_with("KDMV") || lower(start.substr(0, 21)) == "# disk descriptorfile")
    return Kind::vmdk;
  return Kind::raw;
}

void require_self_contained(const Facts& facts) {
  auto refuse = [&](std::string reason) {
    throw Error::failed("image.untrusted",
                        fmt::format("{} image refused: {}", text(facts.kind), reason),
                        {{"format", std::string(text(facts.kind))}, {"reason", reason}});
  };
  if (!facts.damage.empty()) refuse(facts.damage);
  if (!facts.backing_file.empty()) {
    std::string name = facts.backing_file.substr(0, 200);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
    refuse("it has a backing file ('" + name +
           "'); flatten it first, for instance with qemu-img "
           "convert");
  }
  if (facts.external_data) refuse("its data lies in other files");
  if (facts.encrypted) refuse("it is encrypted");
}

void create_raw(const sys::Fd& file, std::uint64_t bytes, Preallocation preallocation) {
  if (preallocation == Preallocation::falloc) {
    sys::reserve_space(file, bytes);
  } else if (preallocation == Preallocation::full) {
    const std::string zeros(1024 * 1024, '\0');
    for (std::uint64_t done = 0; done < bytes; done += zeros.size()) {
      const std::size_t count = std::min<std::uint64_t>(zeros.size(), bytes - done);
      sys::write_at(file, std::string_view(zeros).substr(0, count), done);
    }
  }
  sys::set_length(file, bytes);
  sys::synchronize(file);
}

void grow_raw(const sys::Fd& file, std::uint64_t bytes) {
  sys::set_length(file, bytes);
  sys::synchronize(file);
}

}  // namespace posada::image
