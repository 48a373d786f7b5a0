// The options that a section of storage.cfg may have, whatever its type.
#pragma once

#include <span>
#include <string_view>

namespace posada::storage {

std::span<const std::string_view> options();  // sorted
bool is_option(std::string_view key);

}  // namespace posada::storage
