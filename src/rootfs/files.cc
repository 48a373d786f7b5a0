#include "rootfs/files.h"

#include "base/text.h"
#include "sys/file.h"
#include "sys/foreign_file.h"

namespace posada::rootfs {

namespace {

constexpr std::size_t most_bytes = 1024 * 1024;
constexpr std::string_view begin_mark = "# --- BEGIN PVE ---\n";
constexpr std::string_view end_mark = "# --- END PVE ---\n";

struct Cut {
  std::string before, after;
  bool found = false;
};

// The text around the first marked lines; further ones are dropped.
Cut cut(const std::string& text) {
  Cut result;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end == std::string::npos ? end : end - at + 1);
    at += line.size();
    const std::string whole = line.ends_with('\n') ? line : line + "\n";
    if (whole == begin_mark) {
      inside = result.found = true;
    } else if (whole == end_mark) {
      inside = false;
    } else if (!inside) {
      (result.found ? result.after : result.before) += line;
    }
  }
  return result;
}

}  // namespace

bool Files::exists(const std::string& path) const {
  return sys::exists(root_ + path);
}

std::optional<std::string> Files::read(const std::string& path) const {
  return sys::read_small_file(root_ + path, most_bytes);
}

void Files::write(const std::string& path, std::string_view text, unsigned mode) const {
  if (is_kept(path)) return;
  if (!sys::is_link(root_ + path) && read(path) == text) return;
  const std::string folder = root_ + path.substr(0, path.rfind('/'));
  sys::make_directories(folder, mode == 0600 ? 0700 : 0755);
  sys::rewrite_file(root_ + path, text, mode);
}

void Files::remove(const std::string& path) const {
  if (!is_kept(path)) sys::remove_file(root_ + path);
}

void Files::link(const std::string& target, const std::string& path) const {
  if (!is_kept(path)) sys::rewrite_link(target, root_ + path);
}

bool Files::is_kept(const std::string& path) const {
  const std::size_t slash = path.rfind('/') + 1;
  return exists(path.substr(0, slash) + ".pve-ignore." + path.substr(slash));
}

std::string marked(const std::string& body) {
  return body.empty() ? "" : std::string(begin_mark) + body + std::string(end_mark);
}

std::string without_marked(const std::string& text) {
  const Cut parts = cut(text);
  return parts.before + parts.after;
}

void put_marked(const Files& files, const std::string& path, const std::string& body, Rest rest,
                unsigned mode) {
  const auto old = files.read(path);
  Cut parts = cut(old.value_or(""));
  if (rest == Rest::goes && !parts.found) parts = {};
  if (!body.empty() && !parts.before.empty() && !parts.before.ends_with('\n')) parts.before += '\n';
  const std::string text = parts.before + marked(body) + parts.after;
  if (text.empty()) {
    if (old) files.remove(path);
  } else {
    files.write(path, text, mode);
  }
}

}  // namespace posada::rootfs
