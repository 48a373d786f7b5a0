#include "base/packed.h"

#include "base/error.h"

namespace posada {

Error malformed_frame(std::string_view what) {
  return Error::failed("frame.malformed", "malformed frame: " + std::string(what));
}

void Packer::little_endian(std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes_.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

void Packer::u8(std::uint8_t value) {
  little_endian(value, 1);
}
void Packer::u16(std::uint16_t value) {
  little_endian(value, 2);
}
void Packer::u32(std::uint32_t value) {
  little_endian(value, 4);
}
void Packer::u64(std::uint64_t value) {
  little_endian(value, 8);
}
void Packer::i64(std::int64_t value) {
  little_endian(static_cast<std::uint64_t>(value), 8);
}
void Packer::boolean(bool value) {
  little_endian(value ? 1 : 0, 1);
}

void Packer::text(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  bytes_.append(value);
}

std::string_view Unpacker::take(std::size_t length) {
  if (length > left_.size()) throw malformed_frame("it ends inside a field");
  std::string_view piece = left_.substr(0, length);
  left_.remove_prefix(length);
  return piece;
}

std::uint64_t Unpacker::little_endian(int width) {
  std::string_view bytes = take(static_cast<std::size_t>(width));
  std::uint64_t value = 0;
  for (int i = 0; i < width; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)])}
             << (8 * i);
  }
  return value;
}

std::uint8_t Unpacker::u8() {
  return static_cast<std::uint8_t>(little_endian(1));
}
std::uint16_t Unpacker::u16() {
  return static_cast<std::uint16_t>(little_endian(2));
}
std::uint32_t Unpacker::u32() {
  return static_cast<std::uint32_t>(little_endian(4));
}
std::uint64_t Unpacker::u64() {
  return little_endian(8);
}
std::int64_t Unpacker::i64() {
  return static_cast<std::int64_t>(little_endian(8));
}

bool Unpacker::boolean() {
  std::uint8_t value = u8();
  if (value > 1) throw malformed_frame("a truth value is neither 0 nor 1");
  return value == 1;
}

std::string Unpacker::text() {
  return std::string(take(u32()));
}

std::uint32_t Unpacker::count(std::size_t least_bytes) {
  std::uint32_t number = u32();
  if (number > left_.size() / least_bytes) throw malformed_frame("more elements than bytes");
  return number;
}

void Unpacker::end() const {
  if (!left_.empty()) throw malformed_frame("bytes after the last field");
}

}  // namespace posada
