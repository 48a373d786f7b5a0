// An owned file descriptor, and the error of a system call with what it was about.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace posada::sys {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void reset();
  Fd duplicate() const;  // close-on-exec

 private:
  int number_ = -1;
};

// "ACTION: STRERROR" as Error::failed with code "sys.errno" and arguments action, errno.
Error system_error(std::string_view action, int number);
[[noreturn]] void throw_errno(std::string_view action);

}  // namespace posada::sys
