#include "front/reply.h"

#include <array>
#include <ctime>

#include "base/json.h"
#include "base/text.h"
#include "front/limits.h"

namespace posada::front {
namespace {

constexpr std::size_t record_bytes = 16 * 1024;
constexpr std::size_t max_reason_bytes = 1000;

// A line's part that came from elsewhere: nothing in it may end the line.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, text.find('\n')));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

bool frames_message(std::string_view name) {
  static constexpr std::array<std::string_view, 5> ours{"content-length", "transfer-encoding",
                                                        "connection", "content-encoding", "date"};
  std::string lowered = lower(name);
  for (std::string_view own : ours) {
    if (lowered == own) return true;
  }
  return false;
}

bool sets(const Reply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers) {
    if (lower(key) == name) return true;
  }
  return false;
}

void line(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(value).append("\r\n");
}

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace

const std::string& DateText::at(std::int64_t wall_seconds) {
  if (wall_seconds == second_) return text_;
  second_ = wall_seconds;
  std::time_t time = wall_seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  text_.assign(text.data(), size);
  return text_;
}

std::string head_text(const Call& call, const Reply& reply, const Framing& framing) {
  std::string text;
  text.reserve(512);
  text += call.head.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  text += std::to_string(reply.status);
  text += ' ';
  text += one_line(reply.reason).substr(0, max_reason_bytes);
  text += "\r\n";
  const std::string& date = call.services.date.at(call.services.clock.wall_seconds());
  line(text, "Server", "pve-api-daemon/3.0");
  line(text, "Date", date);
  if (!sets(reply, "cache-control")) {
    line(text, "Expires", date);
    line(text, "Cache-Control", "max-age=0");
    line(text, "Pragma", "no-cache");
  }
  line(text, "Connection", call.keep_alive ? "Keep-Alive" : "close");
  if (!reply.content_type.empty()) line(text, "Content-Type", one_line(reply.content_type));
  line(text, "X-Content-Type-Options", "nosniff");
  if (framing.encoding != Encoding::identity) {
    line(text, "Content-Encoding", coding_name(framing.encoding));
    if (!sets(reply, "vary")) line(text, "Vary", "Accept-Encoding");
  }
  for (const auto& [name, value] : reply.headers) {
    if (!frames_message(name)) line(text, one_line(name), one_line(value));
  }
  if (framing.chunked) line(text, "Transfer-Encoding", "chunked");
  if (framing.length && !has_no_body(reply.status)) {
    line(text, "Content-Length", std::to_string(*framing.length));
  }
  text += "\r\n";
  return text;
}

sys::Async<void> send_whole(Call& call, Reply reply, std::string_view prefix, std::string_view body,
                            Encoding encoding) {
  call.status = reply.status;
  std::string text = head_text(call, reply, {prefix.size() + body.size(), false, encoding});
  if (call.head.method == "HEAD" || has_no_body(reply.status)) {
    prefix = {};
    body = {};
  }
  call.sent_bytes = prefix.size() + body.size();
  text += prefix;
  // The head and the start of the body share a record; the rest is not copied.
  std::size_t along = std::min(body.size(), record_bytes - std::min(record_bytes, text.size()));
  text.append(body.substr(0, along));
  co_await call.stream.write(text);
  if (along < body.size()) co_await call.stream.write(body.substr(along));
}

sys::Async<void> send_text(Call& call, Reply reply, std::string body) {
  Encoding encoding = body.size() > gzip_threshold && body.size() <= max_gzip_bytes
                          ? best_encoding(call.head.field("accept-encoding"))
                          : Encoding::identity;
  if (encoding != Encoding::identity) body = compress(encoding, {}, body);
  co_await send_whole(call, std::move(reply), {}, body, encoding);
}

std::string refusal_body(const Refusal& refusal, Format format) {
  json::object body{{"data", nullptr}, {"message", refusal.reason() + "\n"}};
  if (!refusal.texts().empty()) {
    json::object errors;
    for (const auto& [name, text] : refusal.texts()) errors[name] = text;
    body["errors"] = std::move(errors);
  }
  if (format == Format::extjs) {
    body["success"] = 0;
    body["status"] = refusal.status();
  }
  return json::serialize(body);
}

std::string extjs_prefix(int status, std::string_view body) {
  std::string prefix = R"({"success":1)";
  if (status != 200) prefix = R"({"success":0,"status":)" + std::to_string(status);
  bool empty_object = body.find_first_not_of(" \t\r\n", 1) != std::string_view::npos &&
                      body[body.find_first_not_of(" \t\r\n", 1)] == '}';
  return empty_object ? prefix : prefix + ",";
}

sys::Async<void> send_refusal(Call& call, Refusal refusal, std::optional<Format> format) {
  if (refusal.closes()) call.keep_alive = false;
  Reply reply{refusal.status(), refusal.reason(), {}, {}};
  if (refusal.status() == 503) reply.headers.emplace_back("Retry-After", "2");
  if (refusal.is_bare() || !format) {
    co_await send_whole(call, std::move(reply), {}, {});
    co_return;
  }
  // Wrong parameters are an answer like any other to a client of the extjs variant.
  if (*format == Format::extjs && refusal.status() == 400) {
    reply.status = 200;
    reply.reason = "OK";
  }
  reply.content_type = "application/json;charset=UTF-8";
  std::string body = refusal_body(refusal, *format);
  co_await send_whole(call, std::move(reply), {}, body);
}

}  // namespace posada::front
