#include "storage/volume_id.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace posada::storage {
namespace {

struct ContentText {
  Content content;
  std::string_view text;
};
constexpr std::array<ContentText, 8> content_texts = {{{Content::images, "images"},
                                                       {Content::rootdir, "rootdir"},
                                                       {Content::vztmpl, "vztmpl"},
                                                       {Content::iso, "iso"},
                                                       {Content::backup, "backup"},
                                                       {Content::snippets, "snippets"},
                                                       {Content::import, "import"},
                                                       {Content::none, "none"}}};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// An error text must stay one line, whatever the user sent.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += '%';
      out += upper(hex(std::string_view(&c, 1)));
    } else {
      out += c;
    }
  }
  return out;
}

Error name_error(std::string_view name) {
  return Error::failed("storage.volume-name",
                       "unable to parse directory volume name '" + printable(name) + "'",
                       {{"name", std::string(name)}});
}

Error file_error(std::string_view file) {
  return Error::failed("storage.volume-name",
                       "unable to parse volume filename '" + printable(file) + "'",
                       {{"name", std::string(file)}});
}

// Removes `suffix` from the end of `text`, in any case; false when it is not there.
bool cut_suffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size()) return false;
  if (lower(text.substr(text.size() - suffix.size())) != suffix) return false;
  text.remove_suffix(suffix.size());
  return true;
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> suffixes) {
  for (const std::string_view suffix : suffixes) {
    std::string_view rest = text;
    if (cut_suffix(rest, suffix) && !rest.empty()) return true;
  }
  return false;
}

std::optional<GuestId> guest_number(std::string_view digits) {
  if (!is_digits(digits) || digits.size() > 9) return std::nullopt;
  return GuestId{static_cast<std::uint32_t>(*to_integer(digits))};
}

struct ImageFile {
  GuestId owner;  // as the file's name says
  std::string format;
  bool is_base = false;
};

// vm-100-disk-0.raw, base-100-disk-0.qcow2, subvol-100-disk-0.subvol
std::optional<ImageFile> parse_image_file(std::string_view file) {
  ImageFile image;
  std::string_view rest = file;
  if (rest.starts_with("vm-")) {
    rest.remove_prefix(3);
  } else if (rest.starts_with("base-")) {
    rest.remove_prefix(5);
    image.is_base = true;
  } else if (rest.starts_with("subvol-")) {
    rest.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  std::size_t digits = 0;
  while (digits < rest.size() && is_digit(rest[digits])) ++digits;
  const auto owner = guest_number(rest.substr(0, digits));
  rest.remove_prefix(digits);
  if (!owner || !rest.starts_with('-')) return std::nullopt;
  image.owner = *owner;
  const std::size_t dot = rest.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  image.format = rest.substr(dot + 1);
  if (!format_from(image.format)) return std::nullopt;
  if (rest.find_first_of(" \t/") != std::string_view::npos) return std::nullopt;
  return image;
}

// "100/vm-100-disk-0.raw" or "9/base-9-disk-0.qcow2/100/vm-100-disk-0.qcow2"
VolumeName parse_image_name(std::string_view name) {
  const std::vector<std::string> parts = split(name, '/');
  VolumeName out;
  out.content = Content::images;
  const bool linked = parts.size() == 4;
  if (parts.size() != 2 && !linked) throw file_error(name.substr(parts[0].size() + 1));
  if (linked) {
    const auto base_owner = guest_number(parts[0]);
    if (!base_owner || !guest_number(parts[2])) throw file_error(name.substr(parts[0].size() + 1));
    if (!parse_image_file(parts[1])) throw file_error(parts[1]);
    out.base_owner = base_owner;
    out.base_file = parts[1];
  }
  const std::string& file = parts.back();
  const auto image = parse_image_file(file);
  const auto owner = guest_number(parts[linked ? 2 : 0]);
  if (!image || !owner) throw file_error(file);
  out.file = file;
  out.format = image->format;
  out.owner = owner;
  out.is_base = image->is_base && !linked;
  return out;
}

std::optional<GuestId> backup_owner(std::string_view file) {
  for (const std::string_view kind : {"vzdump-qemu-", "vzdump-lxc-", "vzdump-openvz-"}) {
    if (!file.starts_with(kind)) continue;
    const std::string_view rest = file.substr(kind.size());
    const std::size_t dash = rest.find('-');
    if (dash == std::string_view::npos || dash + 1 == rest.size()) return std::nullopt;
    return guest_number(rest.substr(0, dash));
  }
  return std::nullopt;
}

bool is_backup_file(std::string_view file) {
  return ends_with_any(file, {".tgz", ".tar", ".tar.gz", ".tar.lzo", ".tar.zst", ".tar.bz2", ".vma",
                              ".vma.gz", ".vma.lzo", ".vma.zst", ".vma.bz2"});
}

std::string import_format(std::string_view file, std::string_view whole) {
  const std::size_t slash = file.find('/');
  if (slash == std::string_view::npos) {
    for (const std::string_view kind : {"ova", "ovf", "qcow2", "raw", "vmdk"}) {
      if (ends_with_any(file, {"." + std::string(kind)})) return std::string(kind);
    }
    throw name_error(whole);
  }
  const std::string_view inside = file.substr(slash + 1);
  if (!ends_with_any(file.substr(0, slash), {".ova"}) || inside.find('/') != std::string_view::npos)
    throw name_error(whole);
  for (const std::string_view kind : {"qcow2", "raw", "vmdk"}) {
    if (ends_with_any(inside, {"." + std::string(kind)})) return "ova+" + std::string(kind);
  }
  throw name_error(whole);
}

}  // namespace

std::string_view text(Content content) {
  for (const ContentText& entry : content_texts) {
    if (entry.content == content) return entry.text;
  }
  return "none";
}

std::optional<Content> content_from(std::string_view text) {
  for (const ContentText& entry : content_texts) {
    if (entry.text == text) return entry.content;
  }
  return std::nullopt;
}

std::string_view text(VolumeFormat format) {
  switch (format) {
    case VolumeFormat::raw:
      return "raw";
    case VolumeFormat::qcow2:
      return "qcow2";
    case VolumeFormat::vmdk:
      return "vmdk";
    case VolumeFormat::subvol:
      return "subvol";
  }
  return "raw";
}

std::optional<VolumeFormat> format_from(std::string_view text) {
  if (text == "raw") return VolumeFormat::raw;
  if (text == "qcow2") return VolumeFormat::qcow2;
  if (text == "vmdk") return VolumeFormat::vmdk;
  if (text == "subvol") return VolumeFormat::subvol;
  return std::nullopt;
}

bool is_storage_name(std::string_view text) {
  if (text.size() < 2 || text.size() > 100 || !is_letter(text.front())) return false;
  if (!is_letter(text.back()) && !is_digit(text.back())) return false;
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.size() > 1000) return false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  for (const std::string& part : split(name, '/')) {
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
  }
  return true;
}

std::optional<VolumeId> try_parse_volume_id(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  VolumeId id{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  if (!is_storage_name(id.storage) || !is_safe_name(id.name)) return std::nullopt;
  return id;
}

VolumeId parse_volume_id(std::string_view text) {
  if (auto id = try_parse_volume_id(text)) return *std::move(id);
  throw Error::failed("storage.volume-id", "unable to parse volume ID '" + printable(text) + "'",
                      {{"volume", std::string(text)}});
}

VolumeName parse_volume_name(std::string_view name) {
  if (!is_safe_name(name)) throw name_error(name);
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) throw name_error(name);
  const std::string_view folder = name.substr(0, slash);
  const std::string_view file = name.substr(slash + 1);
  if (is_digits(folder)) return parse_image_name(name);

  VolumeName out;
  out.file = file;
  out.format = "raw";
  if (folder == "import") {
    out.content = Content::import;
    out.format = import_format(file, name);
    return out;
  }
  if (file.find('/') != std::string_view::npos) throw name_error(name);
  if (folder == "iso" && ends_with_any(file, {".iso", ".img"})) {
    out.content = Content::iso;
  } else if (folder == "vztmpl" &&
             ends_with_any(file, {".tar", ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tgz"})) {
    out.content = Content::vztmpl;
  } else if (folder == "backup" && is_backup_file(file)) {
    out.content = Content::backup;
    out.owner = backup_owner(file);
  } else if (folder == "snippets") {
    out.content = Content::snippets;
  } else if (folder == "rootdir" && guest_number(file)) {
    out.content = Content::rootdir;
    out.owner = guest_number(file);
  } else {
    throw name_error(name);
  }
  return out;
}

std::optional<VolumeName> try_parse_volume_name(std::string_view name) {
  try {
    return parse_volume_name(name);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace posada::storage
