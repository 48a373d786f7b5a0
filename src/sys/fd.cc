#include "sys/fd.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace posada::sys {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

Fd::~Fd() { reset(); }

void Fd::reset() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Fd Fd::duplicate() const {
  const int copy = ::fcntl(number_, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw_errno("cannot duplicate a descriptor");
  return Fd(copy);
}

Error system_error(std::string_view action, int number) {
  std::string wire(action);
  wire.append(": ").append(std::strerror(number));
  return Error::failed("sys.errno", std::move(wire),
                       {{"action", std::string(action)}, {"errno", std::to_string(number)}});
}

void throw_errno(std::string_view action) { throw system_error(action, errno); }

}  // namespace posada::sys
