// Values of the API as people and scripts read them in a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace posada::app {

enum class Format { text, json, json_pretty, yaml };

// Rows under the columns, padded; members that are missing show as "-".
std::string as_table(const json::value& rows, const std::vector<std::string_view>& columns);
std::string as_pairs(const json::value& object);
std::string as_format(const json::value& value, Format format);

}  // namespace posada::app
