// What a terminal in a browser sends: `0:LENGTH:BYTES` is input, `1:COLUMNS:ROWS:` a new size, `2`
// a sign of life. Messages may be cut anywhere. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace posada::front {

struct TerminalEvent {
  enum class Kind { input, resize } kind = Kind::input;
  std::string input;
  std::uint16_t columns = 0;
  std::uint16_t rows = 0;
};

class TerminalDecoder {
 public:
  // Bytes that break the protocol throw Error `terminal.malformed`.
  std::vector<TerminalEvent> feed(std::string_view bytes);

 private:
  bool next(std::vector<TerminalEvent>& events);

  std::string buffer_;
  std::size_t input_left_ = 0;  // of an input message whose head has been read
};

}  // namespace posada::front
