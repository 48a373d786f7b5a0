// Files in a tree that belongs to somebody else, a guest: nothing here waits for a pipe, reads
// without limit or follows a link in the place of a file that is written.
//
// For helper processes that are rooted in that tree (sys/namespaces.h). Blocking.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posada::sys {

// Nothing when absent; throws when it is no regular file or has more than `most` bytes.
std::optional<std::string> read_small_file(const std::string& path, std::size_t most);
// By rename, as write_file; a file that stood there gives owner and mode, a link is replaced.
void rewrite_file(const std::string& path, std::string_view text, unsigned mode = 0644);
void rewrite_link(const std::string& target, const std::string& path);
bool is_link(const std::string& path);

}  // namespace posada::sys
