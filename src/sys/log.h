// The process's log: one line an event on standard error (the supervisor keeps it). Never a secret.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace posada::sys {

enum class LogLevel { debug, info, warning, error };

void set_log_level(LogLevel lowest);
// A second copy of every line at `file`, for a node without a supervisor; empty: none.
void set_log_file(const std::string& file);
void write_log(LogLevel level, std::string_view text);

template <class... Values>
void log_debug(fmt::format_string<Values...> format, Values&&... values) {
  write_log(LogLevel::debug, fmt::format(format, std::forward<Values>(values)...));
}
template <class... Values>
void log_info(fmt::format_string<Values...> format, Values&&... values) {
  write_log(LogLevel::info, fmt::format(format, std::forward<Values>(values)...));
}
template <class... Values>
void log_warning(fmt::format_string<Values...> format, Values&&... values) {
  write_log(LogLevel::warning, fmt::format(format, std::forward<Values>(values)...));
}
template <class... Values>
void log_error(fmt::format_string<Values...> format, Values&&... values) {
  write_log(LogLevel::error, fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace posada::sys
