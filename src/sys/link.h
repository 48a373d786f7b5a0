// Symbolic links.
#pragma once

#include <optional>
#include <string>

namespace posada::sys {

// Where the link leads, as it is written; nothing when `path` is no link or absent.
std::optional<std::string> link_target(const std::string& path);
// The whole path with every link resolved; empty when it leads nowhere.
std::string real_path(const std::string& path);
// Makes `path` a link to `target`; what bore the name is replaced in one step.
void replace_link(const std::string& path, const std::string& target);

}  // namespace posada::sys
