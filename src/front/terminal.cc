#include "front/terminal.h"

#include "base/error.h"
#include "base/text.h"

namespace posada::front {
namespace {

constexpr std::size_t max_number_digits = 7;
constexpr std::int64_t max_screen_cells = 10'000;

Error malformed() {
  return Error::failed("terminal.malformed", "the terminal's message is malformed");
}

// The decimal number that ends at `end`, which is a ':' or not there yet.
std::optional<std::int64_t> number_before_colon(std::string_view text, std::size_t begin,
                                                std::size_t& end) {
  end = text.find(':', begin);
  std::string_view digits = text.substr(begin, end == std::string_view::npos ? end : end - begin);
  if (digits.size() > max_number_digits || (!digits.empty() && !is_digits(digits))) {
    throw malformed();
  }
  if (end == std::string_view::npos) return std::nullopt;
  if (digits.empty()) throw malformed();
  return to_integer(digits);
}

}  // namespace

std::vector<TerminalEvent> TerminalDecoder::feed(std::string_view bytes) {
  std::vector<TerminalEvent> events;
  buffer_ += bytes;
  while (next(events)) {
  }
  return events;
}

bool TerminalDecoder::next(std::vector<TerminalEvent>& events) {
  if (buffer_.empty()) return false;
  if (input_left_ > 0) {
    std::size_t size = std::min(input_left_, buffer_.size());
    events.push_back({TerminalEvent::Kind::input, buffer_.substr(0, size), 0, 0});
    buffer_.erase(0, size);
    input_left_ -= size;
    return true;
  }
  std::size_t end = 0;
  switch (buffer_[0]) {
    case '2':
      buffer_.erase(0, 1);
      return true;
    case '0': {
      if (buffer_.size() < 2) return false;
      if (buffer_[1] != ':') throw malformed();
      auto length = number_before_colon(buffer_, 2, end);
      if (!length) return false;
      input_left_ = static_cast<std::size_t>(*length);
      buffer_.erase(0, end + 1);
      return true;
    }
    case '1': {
      if (buffer_.size() < 2) return false;
      if (buffer_[1] != ':') throw malformed();
      auto columns = number_before_colon(buffer_, 2, end);
      if (!columns) return false;
      auto rows = number_before_colon(buffer_, end + 1, end);
      if (!rows) return false;
      if (*columns > max_screen_cells || *rows > max_screen_cells) throw malformed();
      events.push_back({TerminalEvent::Kind::resize,
                        {},
                        static_cast<std::uint16_t>(*columns),
                        static_cast<std::uint16_t>(*rows)});
      buffer_.erase(0, end + 1);
      return true;
    }
    default:
      throw malformed();
  }
}

}  // namespace posada::front
