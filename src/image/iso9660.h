// Small ISO 9660 images made in memory: a volume label, folders and files with their names kept by
// Rock Ridge, as guests read the settings that cloud-init gives them. Pure; the same files give the
// same bytes.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace posada::image {

// By path below the root: "openstack/latest/user_data". A folder's entries must fit in one sector
// (about 15 names of usual length); throws Error "image.iso" otherwise.
using DiscFiles = std::map<std::string, std::string, std::less<>>;
std::string iso9660(std::string_view label, const DiscFiles& files);

}  // namespace posada::image
