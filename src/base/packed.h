// Fields packed one after another into bytes, little endian: numbers of fixed width, texts as a
// u32 length and the bytes. Both ends know the order (base/frames.cc); nothing in the bytes names
// a field. Reading checks every length against what is left, so hostile bytes end in an Error
// with code `frame.malformed` and never in a large allocation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace posada {

class Packer {
 public:
  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void i64(std::int64_t value);
  void boolean(bool value);
  void text(std::string_view value);
  std::string take() { return std::move(bytes_); }

 private:
  void little_endian(std::uint64_t value, int width);

  std::string bytes_;
};

class Unpacker {
 public:
  // The bytes must outlive the reader.
  explicit Unpacker(std::string_view bytes) : left_(bytes) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::int64_t i64();
  bool boolean();  // any byte but 0 and 1 is malformed
  std::string text();
  // The number of elements that follow, each at least `least_bytes` long.
  std::uint32_t count(std::size_t least_bytes);
  void end() const;  // throws when bytes are left over

 private:
  std::uint64_t little_endian(int width);
  std::string_view take(std::size_t length);

  std::string_view left_;
};

class Error;
Error malformed_frame(std::string_view what);

}  // namespace posada
