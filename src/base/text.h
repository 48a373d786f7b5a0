// Small text functions that the grammars share. All work on bytes; none knows a locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posada {

std::vector<std::string> split(std::string_view text, char separator);
// Split where any of `separators` stands; empty pieces are left out (`*-list` values).
std::vector<std::string> split_list(std::string_view text, std::string_view separators = ",; \t\n\r\f\v" );
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
std::string_view trim(std::string_view text);
std::string lower(std::string_view text);
std::string upper(std::string_view text);
bool is_digits(std::string_view text);
// The whole text as a decimal integer without spaces; nothing when it is not one or too large.
std::optional<std::int64_t> to_integer(std::string_view text);

// Percent coding of config texts: control bytes, ':' , '%' and bytes above 0x7e become %XX.
std::string encode_text(std::string_view text);
// Percent coding of a URL segment or query value: everything outside RFC 3986's unreserved set.
std::string encode_uri(std::string_view text);
// Undo %XX; a '%' without two hex digits stays as it is.
std::string decode_percent(std::string_view text);

std::string hex(std::string_view bytes);
std::string base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace posada
