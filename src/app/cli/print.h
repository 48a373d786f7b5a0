// Values of the API in a terminal, where the field has no form of its own for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/families.h"
#include "base/json.h"

namespace posada::app {

enum class Format { text, json, json_pretty, yaml };
std::optional<Format> format_from(std::string_view name);

// Rows under the columns (empty: every member that occurs, by name), framed unless `look` says not.
std::string as_table(const json::value& rows, std::vector<std::string_view> columns,
                     const Look& look);
// Any value as text: a table of rows, a table of keys and values, one line for each scalar.
std::string as_text(const json::value& value, const std::vector<std::string_view>& columns,
                    const Look& look);
// Members of objects stand in the order of their names.
std::string as_format(const json::value& value, Format format);

// Characters, not bytes: names may hold any language.
std::size_t width_of(std::string_view text);
std::string local_time(std::int64_t seconds);  // "2026-03-01 12:00:00"

}  // namespace posada::app
