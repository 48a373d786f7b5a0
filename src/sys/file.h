// Files. Every path below a folder is opened relative to its descriptor and cannot leave it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.h"

namespace posada::sys {

std::string read_file(const std::string& path);  // throws when absent
std::optional<std::string> read_file_if_exists(const std::string& path);
std::string read_descriptor(const Fd& file);  // from its position to the end
// Writes to a temporary file in the same folder, syncs it, renames it, syncs the folder.
void write_file(const std::string& path, std::string_view text, unsigned mode = 0644);
void append_file(const std::string& path, std::string_view text, unsigned mode = 0644);
void make_directories(const std::string& path, unsigned mode = 0755);
bool exists(const std::string& path);
Fd open_for_append(const std::string& path, unsigned mode = 0600);
void rename_file(const std::string& from, const std::string& to);
void remove_file(const std::string& path);  // an absent file is no error
void remove_tree(const std::string& path);  // never follows links
std::vector<std::string> list_directory(const std::string& path);  // names, sorted; empty when absent

// Opens `relative` below `folder` with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
// RESOLVE_NO_MAGICLINKS): no "..", no absolute path, no link can lead outside.
Fd open_beneath(const Fd& folder, const std::string& relative, int flags, unsigned mode = 0);
Fd open_directory(const std::string& path);

// Anonymous memory as a file, sealed against change: a large answer that another process sends.
Fd sealed_memory(const std::string& name, std::string_view bytes);

// Anonymous memory as a file that may be written.
Fd anonymous_file(const std::string& name);
// The file or folder itself, not what is below it, gets this user and group.
void give_to(const std::string& path, unsigned id);

std::string random_bytes(std::size_t count);
std::string random_uuid();  // version 4, lower case
std::string host_name();    // first label

}  // namespace posada::sys
