// The files of a container's root folder, as whoever prepares them for a start sees them.
//
// Used by helpers that are the container's own root, in its user namespace and rooted in that
// folder (sys::run_inside), so whatever the guest has planted there reaches nothing outside. A file
// that is replaced keeps its owner and mode; a link in its place is replaced, not followed. A guest
// keeps a file to itself by an empty file beside it: `/etc/.pve-ignore.hosts` for /etc/hosts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posada::rootfs {

class Files {
 public:
  // `root`: before every path; empty for a process that is rooted there.
  explicit Files(std::string root) : root_(std::move(root)) {}

  bool exists(const std::string& path) const;  // a link whose target is there counts
  // Nothing when absent. Throws when it is no regular file or larger than any of these files is.
  std::optional<std::string> read(const std::string& path) const;
  std::string text(const std::string& path) const { return read(path).value_or(""); }
  // Makes the folders above. Nothing happens when the guest keeps the file or it reads so already.
  void write(const std::string& path, std::string_view text, unsigned mode = 0644) const;
  void remove(const std::string& path) const;
  void link(const std::string& target, const std::string& path) const;
  bool is_kept(const std::string& path) const;

 private:
  std::string root_;
};

// Lines between marks belong to us, the rest of the file to the guest.
std::string marked(const std::string& body);  // with the marks; empty for an empty body
std::string without_marked(const std::string& text);

enum class Rest { stays, goes };  // what is in the file when it has no marked lines yet
// Puts `body` where the marked lines are, or at the end; a file that is empty then is removed.
void put_marked(const Files& files, const std::string& path, const std::string& body,
                Rest rest = Rest::stays, unsigned mode = 0644);

}  // namespace posada::rootfs
