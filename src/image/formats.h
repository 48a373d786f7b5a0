// One reader for each format; image.h chooses.
#pragma once

#include "image/image.h"

namespace posada::image {

Facts inspect_qcow2(const sys::Fd& file);
Facts inspect_vmdk(const sys::Fd& file);

}  // namespace posada::image
