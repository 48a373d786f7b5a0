// HTTP answers: the head's text, and sending a whole body in as few TLS records as it takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "front/call.h"
#include "front/refusal.h"
#include "front/request.h"
#include "sys/async.h"

namespace posada::front {

struct Reply {
  int status = 200;
  std::string reason = "OK";
  std::string content_type;  // empty: none is sent
  std::vector<std::pair<std::string, std::string>> headers;
};

// What follows the head.
struct Framing {
  std::optional<std::uint64_t> length;  // nothing: until the connection ends, or in chunks
  bool chunked = false;
  Encoding encoding = Encoding::identity;
};

// The head with its empty line. Names and values are cleaned of bytes that could end a line;
// headers that frame the message are ours and dropped from `reply`.
std::string head_text(const Call& call, const Reply& reply, const Framing& framing);

// Sends a body that is whole in memory: `prefix` then `body`, which stay valid until it is done.
sys::Async<void> send_whole(Call& call, Reply reply, std::string_view prefix, std::string_view body,
                            Encoding encoding = Encoding::identity);

// As `send_whole`, compressed first where the client takes it and it is worth it.
sys::Async<void> send_text(Call& call, Reply reply, std::string body);

// The front's own refusal in the envelope of the API.
sys::Async<void> send_refusal(Call& call, Refusal refusal, std::optional<Format> format);

// The body of `send_refusal`.
std::string refusal_body(const Refusal& refusal, Format format);

// What stands in for the opening brace of a JSON object so that it becomes the extjs variant.
std::string extjs_prefix(int status, std::string_view body);

}  // namespace posada::front
