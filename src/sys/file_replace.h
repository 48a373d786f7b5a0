// Writing a file that a crash of this process must find whole, but a power failure need not find at
// all: what it says ends with the host's boot. Waits for no disk.
#pragma once

#include <string>
#include <string_view>

namespace posada::sys {

// Writes to a temporary file in the same folder and renames it. After a power failure the file may
// be the one before, absent, or empty.
void replace_file(const std::string& path, std::string_view text, unsigned mode = 0644);
// Makes what replace_file wrote durable.
void sync_file(const std::string& path);
// Writes into the file itself, for a process that has it open and will be told to read it again. A
// crash in the middle leaves a part.
void write_in_place(const std::string& path, std::string_view text, unsigned mode);

}  // namespace posada::sys
