// Layout (ECMA-119, SUSP 1.12, RRIP 1.09): 16 empty sectors | volume descriptor | its end | path
// table in both byte orders | what Rock Ridge says of itself | a sector for each folder | files.
#include "image/iso9660.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "image/bytes.h"

namespace posada::image {
namespace {

constexpr std::size_t sector_bytes = 2048;
constexpr std::size_t descriptor_at = 16;
constexpr std::size_t small_endian_table = 18;
constexpr std::size_t big_endian_table = 19;
constexpr std::size_t extensions_at = 20;
constexpr std::size_t first_folder = 21;

std::string number(std::uint64_t value, std::size_t count, bool big) {
  std::string bytes(count, '\0');
  put_big_endian(bytes, 0, value, count);
  if (!big) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

std::string both(std::uint64_t value, std::size_t count) {
  return number(value, count, false) + number(value, count, true);
}

std::size_t sectors(std::size_t bytes) {
  return (bytes + sector_bytes - 1) / sector_bytes;
}

struct Folder {
  Folder* parent = nullptr;
  std::size_t index = 0;  // in `Disc::folders`
  std::string name;
  std::vector<Folder*> folders;
  struct File {
    std::string name;
    const std::string* bytes;
    std::size_t at = 0;
  };
  std::vector<File> files;
  std::size_t at() const { return first_folder + index; }
};

struct Disc {
  std::vector<std::unique_ptr<Folder>> folders;  // parents first
  std::size_t size = 0;                          // in sectors

  Folder* below(Folder* parent, const std::string& name) {
    for (Folder* folder : parent->folders) {
      if (folder->name == name) return folder;
    }
    auto made = std::make_unique<Folder>();
    made->parent = parent;
    made->name = name;
    made->index = folders.size();
    parent->folders.push_back(made.get());
    folders.push_back(std::move(made));
    return folders.back().get();
  }
};

std::size_t depth(const Folder& folder) {
  return folder.parent == &folder ? 0 : depth(*folder.parent) + 1;
}

Disc arrange(const DiscFiles& files) {
  Disc disc;
  disc.folders.push_back(std::make_unique<Folder>());
  Folder* const root = disc.folders.front().get();
  root->parent = root;
  for (const auto& [path, bytes] : files) {
    Folder* folder = root;
    const auto parts = split(path, '/');
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) folder = disc.below(folder, parts[i]);
    folder->files.push_back({parts.back(), &bytes, 0});
  }
  // The path table wants them level by level.
  std::sort(disc.folders.begin(), disc.folders.end(), [](const auto& a, const auto& b) {
    return std::pair(depth(*a), a->index) < std::pair(depth(*b), b->index);
  });
  for (std::size_t i = 0; i < disc.folders.size(); ++i) disc.folders[i]->index = i;
  disc.size = first_folder + disc.folders.size();
  for (const auto& folder : disc.folders) {
    for (Folder::File& file : folder->files) {
      file.at = disc.size;
      disc.size += sectors(file.bytes->size());
    }
  }
  return disc;
}

// A name as systems without Rock Ridge see it.
std::string plain_name(std::string_view name, bool folder) {
  std::string result;
  for (const char c : upper(name)) {
    const bool allowed = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    result += allowed && !(c == '.' && folder) ? c : '_';
  }
  if (folder) return result;
  return result + (result.find('.') == std::string::npos ? ".;1" : ";1");
}

std::string modes(bool folder) {
  constexpr std::uint64_t folder_mode = 040555, file_mode = 0100444;
  return std::string("PX\x24\x01", 4) + both(folder ? folder_mode : file_mode, 4) +
         both(folder ? 2 : 1, 4) + both(0, 4) + both(0, 4);
}

std::string long_name(std::string_view name) {
  return "NM" + number(5 + name.size(), 1, true) + std::string("\x01\x00", 2) + std::string(name);
}

std::string record(std::string_view name, std::size_t at, std::size_t bytes, bool folder,
                   const std::string& more) {
  std::string result(1, '\0');
  result += '\0';
  result += both(at, 4);
  result += both(bytes, 4);
  result += std::string("\x46\x01\x01\x00\x00\x00\x00", 7);  // 1970
  result += folder ? '\x02' : '\x00';
  result += std::string(2, '\0');
  result += both(1, 2);
  result += number(name.size(), 1, true);
  result += name;
  if (name.size() % 2 == 0) result += '\0';
  result += more;
  if (result.size() % 2 != 0) result += '\0';
  result[0] = static_cast<char>(result.size());
  return result;
}

// Says that Rock Ridge is used; too long for the record of a folder.
std::string extensions() {
  const std::string id = "RRIP_1991A";
  return "ER" + number(8 + id.size(), 1, true) + std::string("\x01", 1) +
         number(id.size(), 1, true) + std::string("\x00\x00\x01", 3) + id;
}

std::string entries(const Folder& folder) {
  std::string own = modes(true);
  if (folder.parent == &folder) {
    own = std::string("SP\x07\x01\xbe\xef\x00", 7) + own + std::string("CE\x1c\x01", 4) +
          both(extensions_at, 4) + both(0, 4) + both(extensions().size(), 4);
  }
  std::string result = record(std::string(1, '\0'), folder.at(), sector_bytes, true, own) +
                       record("\x01", folder.parent->at(), sector_bytes, true, modes(true));
  std::map<std::string, std::string> sorted;
  for (const Folder* one : folder.folders) {
    const std::string name = plain_name(one->name, true);
    sorted[name] = record(name, one->at(), sector_bytes, true, modes(true) + long_name(one->name));
  }
  for (const Folder::File& one : folder.files) {
    const std::string name = plain_name(one.name, false);
    sorted[name] =
        record(name, one.at, one.bytes->size(), false, modes(false) + long_name(one.name));
  }
  for (const auto& [name, entry] : sorted) result += entry;
  if (sorted.size() != folder.folders.size() + folder.files.size() ||
      result.size() > sector_bytes) {
    throw Error::failed("image.iso", "the folder '" + folder.name +
                                         "' of the disc has too many, or "
                                         "too similar, names");
  }
  return result;
}

std::string path_table(const Disc& disc, bool big) {
  std::string table;
  for (const auto& folder : disc.folders) {
    const bool root = folder->parent == folder.get();
    const std::string name = root ? std::string(1, '\0') : plain_name(folder->name, true);
    table += number(name.size(), 1, true) + '\0' + number(folder->at(), 4, big) +
             number(folder->parent->index + 1, 2, big) + name;
    if (name.size() % 2 != 0) table += '\0';
  }
  return table;
}

std::string descriptor(std::string_view label, const Disc& disc) {
  std::string bytes(sector_bytes, '\0');
  const auto put = [&](std::size_t at, const std::string& value) {
    bytes.replace(at, value.size(), value);
  };
  put(0, std::string("\x01"
                     "CD001\x01",
                     7));
  put(8, std::string(64, ' '));
  put(40, std::string(label.substr(0, 32)));
  put(80, both(disc.size, 4));
  put(120, both(1, 2) + both(1, 2) + both(sector_bytes, 2));
  put(132, both(path_table(disc, false).size(), 4));
  put(140, number(small_endian_table, 4, false));
  put(148, number(big_endian_table, 4, true));
  put(156, record(std::string(1, '\0'), first_folder, sector_bytes, true, ""));
  put(190, std::string(623, ' '));  // of whom it is, and who made it
  for (std::size_t i = 0; i < 4; ++i) put(813 + i * 17, std::string(16, '0'));
  bytes[881] = 1;
  return bytes;
}

}  // namespace

std::string iso9660(std::string_view label, const DiscFiles& files) {
  const Disc disc = arrange(files);
  std::string image(disc.size * sector_bytes, '\0');
  const auto put = [&](std::size_t at, const std::string& bytes) {
    image.replace(at * sector_bytes, bytes.size(), bytes);
  };
  put(descriptor_at, descriptor(label, disc));
  put(descriptor_at + 1, std::string("\xff"
                                     "CD001\x01",
                                     7));
  put(small_endian_table, path_table(disc, false));
  put(big_endian_table, path_table(disc, true));
  put(extensions_at, extensions());
  for (const auto& folder : disc.folders) {
    put(folder->at(), entries(*folder));
    for (const Folder::File& file : folder->files) put(file.at, *file.bytes);
  }
  return image;
}

}  // namespace posada::image
