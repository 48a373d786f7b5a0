// Files that a person names on the command line: any path, links are followed. The daemon opens
// nothing this way.
#pragma once

#include <string>

#include "sys/fd.h"

namespace posada::sys {

Fd open_for_reading(const std::string& path);  // throws, for a folder too
// A file that is not there yet; throws when it is.
Fd create_new_file(const std::string& path, unsigned mode);

}  // namespace posada::sys
