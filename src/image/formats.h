// One reader for each format; image.h chooses.
#pragma once

#include "image/image.h"

namespace posada::image {

constexpr std::uint64_t largest_qcow2 = std::uint64_t{1} << 50;  // bytes of the disk inside

Facts inspect_qcow2(const sys::Fd& file);
Facts inspect_vmdk(const sys::Fd& file);

}  // namespace posada::image
