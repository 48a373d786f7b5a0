// Image files from outside, whose bytes may be of another format than they are taken for: formats
// that are not read here are recognised to be refused by their name.
#pragma once

#include "image/image.h"

namespace posada::image {

// Throws Error, which calls the file `name`, when its bytes are not those of `kind` but of another
// format or of a compressed file. What cannot be told is raw.
void require_kind(const sys::Fd& file, Kind kind, const std::string& name);

}  // namespace posada::image
