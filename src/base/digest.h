// Digests of texts and bytes (OpenSSL).
#pragma once

#include <string>
#include <string_view>

namespace posada {

std::string sha1_hex(std::string_view bytes);    // the `digest` of a config text
std::string sha256_hex(std::string_view bytes);
std::string sha256(std::string_view bytes);      // 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 bytes
// Compares in time that depends on the lengths only.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace posada
