// Which options of a container's config can be had, and why the others cannot (guest/options.h).
// Asked when an option is set and again when a container starts.
#pragma once

#include "guest/options.h"

namespace posada::ct {

std::span<const guest::Option> options();

// Why this value cannot be had yet, as a sentence for the user; nothing: it takes effect.
std::optional<std::string> unsupported(std::string_view key, std::string_view value);

}  // namespace posada::ct
