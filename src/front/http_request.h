// Parsing of HTTP/1.0 and 1.1 requests (Boost.Beast's parser with stricter rules of ours, so that
// no two programs in a chain can disagree where a request ends). Pure: bytes in, fields out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace posada::front {

struct RequestHead {
  std::string method;
  std::string target;
  bool http_1_0 = false;
  bool keep_alive = true;
  bool websocket = false;  // asks for an upgrade to a WebSocket
  bool chunked = false;
  bool expects_continue = false;
  std::optional<std::uint64_t> content_length;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case

  // The first field of this (lower-case) name; empty when there is none.
  std::string_view field(std::string_view name) const;
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

// Parses one request. Feed it until the head is done; look at the head; then either go on feeding
// for the body or read the body's bytes from the input yourself.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  // Takes what it can from the start of `input` and says how many bytes that was. Throws Refusal.
  std::size_t feed(std::string_view input);
  bool started() const;  // the request line is complete
  bool head_done() const;
  bool done() const;
  const RequestHead& head() const;
  std::string take_body();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace posada::front
