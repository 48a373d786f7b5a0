// Any bytes as a frame between front and daemon: refused as malformed, or read, and then it is
// packed into bytes that read the same. The first byte chooses the kind.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/frames.h"

namespace {

template <class Frame>
void same_again(Frame (*unpack)(std::string_view), std::string_view bytes) {
  const std::string packed = posada::pack(unpack(bytes));
  if (posada::pack(unpack(packed)) != packed) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posada;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    switch (data[0] % 4) {
      case 0:
        same_again(unpack_hello, bytes);
        break;
      case 1:
        same_again(unpack_request, bytes);
        break;
      case 2:
        same_again(unpack_response, bytes);
        break;
      default:
        same_again(unpack_cancel, bytes);
        break;
    }
  } catch (const Error& error) {
    if (error.code() != "frame.malformed") std::abort();
  }
  return 0;
}
