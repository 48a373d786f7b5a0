#include "store/texts_folder.h"

#include "base/text.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/folder.h"

namespace posada::store {

namespace {

void read_below(const sys::Folder& folder, const std::string& shown, const std::string& below,
                std::map<std::string, std::string>& texts) {
  for (const sys::FolderEntry& entry : folder.list(below)) {
    const std::string name = below.empty() ? entry.name : below + "/" + entry.name;
    if (entry.kind == sys::FileKind::directory) {
      read_below(folder, shown, name, texts);
      continue;
    }
    const std::string file = shown + "/" + name;
    if (entry.kind != sys::FileKind::regular) {
      throw Error::failed("text.file", "'" + file + "' is not a regular file", {{"file", file}});
    }
    const sys::Fd opened = folder.open(name, false);
    const std::uint64_t bytes = sys::status_of(opened).bytes;
    // A view's text may be longer than one value of the store, but not by much.
    if (bytes > 16 * max_value_bytes) {
      throw Error::failed("text.file", "'" + file + "' is too large for a configuration text",
                          {{"file", file}});
    }
    texts[name] = sys::read_at(opened, bytes, 0);
  }
}

}  // namespace

void write_texts(const std::string& folder, const std::map<std::string, std::string>& texts) {
  sys::make_directories(folder, 0755);
  for (const auto& [key, text] : texts) {
    const bool secret = key.starts_with("priv/");
    std::string parent = folder;
    const std::vector<std::string> segments = split(key, '/');
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
      parent += "/" + segments[i];
      sys::make_directories(parent, secret ? 0700 : 0755);
    }
    sys::write_file(folder + "/" + key, text, secret ? 0600 : 0644);
  }
}

std::map<std::string, std::string> read_texts(const std::string& folder) {
  std::map<std::string, std::string> texts;
  const sys::Folder opened(folder);
  read_below(opened, folder, "", texts);
  return texts;
}

}  // namespace posada::store
