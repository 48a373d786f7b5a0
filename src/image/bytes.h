// Big- and little-endian integers in a header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace posada::image {

inline std::uint64_t big_endian(std::string_view bytes, std::size_t offset, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

inline std::uint64_t little_endian(std::string_view bytes, std::size_t offset, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i - 1]);
  return value;
}

inline void put_big_endian(std::string& bytes, std::size_t offset, std::uint64_t value,
                           std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    bytes[offset + i] = static_cast<char>(value >> (8 * (count - 1 - i)));
}

}  // namespace posada::image
