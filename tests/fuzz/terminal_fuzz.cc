// Any bytes as what a terminal in a browser sends: where messages are cut makes no difference. The
// first byte chooses where.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "front/terminal.h"

namespace {

using namespace posada::front;

struct Typed {
  bool malformed = false;
  std::string input;
  std::string sizes;
  bool operator==(const Typed&) const = default;
};

Typed read(std::string_view bytes, std::size_t piece) {
  Typed typed;
  TerminalDecoder decoder;
  try {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      for (const TerminalEvent& event : decoder.feed(bytes.substr(at, piece))) {
        typed.input += event.input;
        if (event.kind == TerminalEvent::Kind::resize) {
          typed.sizes += std::to_string(event.columns) + "x" + std::to_string(event.rows) + " ";
        }
      }
    }
  } catch (const posada::Error& error) {
    if (error.code() != "terminal.malformed") std::abort();
    return {.malformed = true};
  }
  return typed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (read(bytes, bytes.size() + 1) != read(bytes, data[0] % 7 + 1U)) std::abort();
  return 0;
}
