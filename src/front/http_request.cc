#include "front/http_request.h"

#include <algorithm>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/text.h"
#include "front/limits.h"
#include "front/refusal.h"

namespace posada::front {

namespace http = boost::beast::http;
namespace beast = boost::beast;

std::string_view RequestHead::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

namespace {

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

bool same_word(std::string_view a, std::string_view b) {
  return lower(a) == b;
}

}  // namespace

class RequestParser::Parser final : public http::basic_parser<true> {
 public:
  Parser() {
    header_limit(max_head_bytes);
    body_limit(boost::none);  // ours counts both kinds of body and has its own text
  }

  RequestHead head;
  std::string body;
  bool started = false;

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code&) override {
    started = true;
    head.method = view(method);
    head.target = view(target);
    head.http_1_0 = version == 10;
  }

  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}

  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    if (head_seen_) return;  // trailers say nothing that we would believe
    if (head.fields.size() == max_header_lines) {
      throw Refusal(431, "too many http header lines (> " + std::to_string(max_header_lines) + ")")
          .closing();
    }
    head.fields.emplace_back(lower(view(name)), std::string(view(value)));
  }

  void on_header_impl(beast::error_code&) override {
    head_seen_ = true;
    check_framing();
    head.keep_alive = keep_alive();
    head.websocket = upgrade() && same_word(trim(head.field("upgrade")), "websocket");
    head.expects_continue = !head.http_1_0 && same_word(trim(head.field("expect")), "100-continue");
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}

  std::size_t on_body_impl(beast::string_view bytes, beast::error_code&) override {
    if (body.size() + bytes.size() > max_body_bytes) {
      throw Refusal(501, "for data too large").closing();
    }
    body.append(view(bytes));
    return bytes.size();
  }

  void on_chunk_header_impl(std::uint64_t size, beast::string_view, beast::error_code&) override {
    if (size > max_body_bytes) throw Refusal(501, "for data too large").closing();
  }

  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes,
                                 beast::error_code& error) override {
    return on_body_impl(bytes, error);
  }

  void on_finish_impl(beast::error_code&) override {}

  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(head.fields.begin(), head.fields.end(),
                                                  [&](const auto& f) { return f.first == name; }));
  }

  // Where two readers could disagree about a request's end or its host, there is no answer but no.
  void check_framing() {
    std::size_t lengths = count("content-length");
    std::size_t encodings = count("transfer-encoding");
    if (lengths > 1 || encodings > 1 || (lengths && encodings)) {
      throw Refusal(400, "bad request: more than one header says how long the body is").closing();
    }
    if (lengths && !is_digits(head.field("content-length"))) {
      throw Refusal(400, "bad request: Content-Length is not a number").closing();
    }
    if (encodings) {
      std::string_view encoding = trim(head.field("transfer-encoding"));
      if (!same_word(encoding, "chunked") || head.http_1_0) {
        throw Refusal(501, "Unknown transfer encoding '" + std::string(encoding) + "'").closing();
      }
    }
    if (count("host") > 1 || (!head.http_1_0 && count("host") == 0)) {
      throw Refusal(400, "bad request: exactly one Host header is needed").closing();
    }
    head.chunked = chunked();
    if (lengths) head.content_length = content_length().value_or(0);
  }

  bool head_seen_ = false;
};

RequestParser::RequestParser() : parser_(std::make_unique<Parser>()) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

std::size_t RequestParser::feed(std::string_view input) {
  std::size_t taken = 0;
  // One element at a time, so that the head can be looked at before its body.
  const bool had_head = head_done();
  parser_->eager(had_head);
  while (taken < input.size() && !parser_->is_done() && head_done() == had_head) {
    beast::error_code error;
    std::string_view rest = input.substr(taken);
    taken += parser_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    if (error == http::error::need_more) {
      // A chunk's head may be as long as its sender likes; not here.
      if (had_head && input.size() - taken > max_head_bytes) {
        throw Refusal(400, "bad request: the head of a chunk is too long").closing();
      }
      return taken;
    }
    if (error == http::error::header_limit) throw Refusal(431, "http header too large").closing();
    if (error == http::error::bad_version) {
      throw Refusal(506, "http protocol version not supported").closing();
    }
    if (error) throw Refusal(400, "bad request: " + error.message()).closing();
  }
  return taken;
}

bool RequestParser::started() const {
  return parser_->started;
}
bool RequestParser::head_done() const {
  return parser_->is_header_done();
}
bool RequestParser::done() const {
  return parser_->is_done();
}
const RequestHead& RequestParser::head() const {
  return parser_->head;
}
std::string RequestParser::take_body() {
  return std::move(parser_->body);
}

}  // namespace posada::front
