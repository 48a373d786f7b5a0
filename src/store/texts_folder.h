// Configuration texts as files of a folder, for `posada config export|import`. Blocking: run by the
// command line's process or on a pool.
#pragma once

#include <map>
#include <string>

namespace posada::store {

// Writes each text to the file of its key; those below priv/ are for their owner only (0600, the
// folder 0700). Files that are there already are replaced, others left alone. Throws Error naming
// the file.
void write_texts(const std::string& folder, const std::map<std::string, std::string>& texts);

// All files below the folder by their relative paths. Links and special files are refused with
// Error naming them, so that nothing outside is read.
std::map<std::string, std::string> read_texts(const std::string& folder);

}  // namespace posada::store
