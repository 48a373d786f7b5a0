#include "front/api_call.h"

#include "base/text.h"
#include "front/forms.h"
#include "front/limits.h"
#include "front/refusal.h"
#include "front/reply.h"
#include "front/transfer.h"
#include "front/websocket.h"

namespace posada::front {
namespace {

constexpr std::string_view page_cookie = "PVEAuthCookie";
constexpr std::string_view page_cookie_rules = "; HttpOnly; Secure; SameSite=Strict; Path=/";

bool is_ticket_call(const ApiAddress& address) {
  return address.segments == std::vector<std::string>{"access", "ticket"};
}

bool is_event_stream(const ApiAddress& address) {
  return address.segments == std::vector<std::string>{"events"};
}

bool from_own_page(const Call& call) {
  return call.head.field("x-posada-page") == "1";
}

// A page keeps its ticket in a cookie that its scripts cannot read. A ticket that still waits for a
// second factor opens nothing and is kept nowhere.
void keep_ticket_in_cookie(ResponseFrame& frame) {
  if (frame.status != 200 || frame.body != BodyKind::inline_bytes) return;
  boost::system::error_code error;
  json::value body = json::parse(frame.bytes, error);
  if (error || !body.is_object()) return;
  const json::value* data = body.as_object().if_contains("data");
  if (!data || !data->is_object() || data->as_object().contains("NeedTFA")) return;
  std::optional<std::string> ticket = text_member(data->as_object(), "ticket");
  if (!ticket) return;
  frame.headers.emplace_back("Set-Cookie", std::string(page_cookie) + "=" + encode_uri(*ticket) +
                                               std::string(page_cookie_rules));
}

// A page that was opened anew knows its user but not the ticket, which only the cookie holds: it
// renews by leaving the password out.
void renew_by_cookie(RequestFrame& frame) {
  if (frame.credential.ticket.empty() || frame.parameters.contains("password")) return;
  frame.parameters["password"] = frame.credential.ticket;
}

sys::Async<void> end_page_session(Call& call, Format format) {
  Reply reply;
  reply.content_type = "application/json;charset=UTF-8";
  reply.headers.emplace_back(
      "Set-Cookie", std::string(page_cookie) + "=; Max-Age=0" + std::string(page_cookie_rules));
  std::string body = format == Format::extjs ? R"({"success":1,"data":null})" : R"({"data":null})";
  co_await send_whole(call, std::move(reply), {}, body);
}

// A failed sign-in answers late. While it waits it holds a connection, so only so many may.
sys::Async<void> hold_back(Call& call, std::int64_t delay_ms) {
  auto due = call.begun + sys::Milliseconds(delay_ms);
  auto now = call.services.clock.boot_time();
  if (delay_ms <= 0 || now >= due) co_return;
  if (call.services.delayed_answers >= max_delayed_answers) throw ClientGone();
  struct Delayed {
    explicit Delayed(std::size_t& all) : count(all) { ++count; }
    ~Delayed() { --count; }
    std::size_t& count;
  } delayed(call.services.delayed_answers);
  sys::Event gone(call.services.executor);
  auto watch = call.stream.watch([&gone] { gone.set(); });
  bool left = co_await gone.wait_for(std::chrono::ceil<sys::Milliseconds>(due - now));
  if (left) throw ClientGone();
}

}  // namespace

RequestFrame question(const Call& call, const ApiAddress& address) {
  Identification who = identification(call.head);
  const bool reads_only = call.head.method == "GET" || call.head.method == "HEAD";
  if ((who.from_cookie || from_own_page(call)) && (!reads_only || call.head.websocket) &&
      !same_origin(call.head)) {
    throw Refusal(403, "Permission denied - the request comes from a page of another server");
  }
  RequestFrame frame;
  frame.request = call.id;
  frame.peer = call.peer;
  frame.method = call.head.method == "HEAD" ? "GET" : call.head.method;
  frame.path = address.segments;
  frame.credential = std::move(who.credential);
  frame.language = first_language(call.head.field("accept-language"));
  frame.origin = call.head.field("origin");
  frame.upgrade = call.head.websocket && call.head.method == "GET";
  return frame;
}

sys::Async<Answer> wait_answer(Call& call, std::shared_ptr<Exchange> exchange) {
  // A reference to the services, not the call: the watcher must not outlive what it uses.
  DaemonLink& daemon = call.services.daemon;
  auto watch = call.stream.watch([&daemon, exchange] { daemon.abandon(exchange); });
  co_await exchange->wait();
  if (exchange->abandoned()) throw ClientGone();
  co_return exchange->take();
}

sys::Async<void> serve_api(Call& call, const ApiAddress& address, const std::string& query,
                           std::string body) {
  RequestFrame frame = question(call, address);
  if (is_ticket_call(address) && frame.method == "DELETE" && from_own_page(call)) {
    co_await end_page_session(call, address.format);
    co_return;
  }
  frame.parameters = decode_body(call.head.field("content-type"), body);
  override_with(frame.parameters, decode_form(query));
  std::string_view last_event = call.head.field("last-event-id");
  if (!last_event.empty() && is_utf8(last_event) && is_event_stream(address)) {
    frame.last_event_id = last_event;
  }
  const bool signs_in = is_ticket_call(address) && frame.method == "POST" && from_own_page(call);
  if (signs_in) renew_by_cookie(frame);
  auto exchange = co_await call.services.daemon.ask(std::move(frame));
  Answer answer = co_await wait_answer(call, exchange);
  if (signs_in) keep_ticket_in_cookie(answer.frame);
  co_await hold_back(call, answer.frame.delay_ms);
  if (answer.frame.body == BodyKind::binary_console ||
      answer.frame.body == BodyKind::terminal_console) {
    co_await serve_websocket(call, std::move(answer));
    co_return;
  }
  co_await send_answer(call, address.format, std::move(answer));
}

sys::Async<void> send_answer(Call& call, Format format, Answer answer) {
  ResponseFrame& frame = answer.frame;
  Reply reply{frame.status, std::move(frame.reason), std::move(frame.content_type),
              std::move(frame.headers)};
  std::shared_ptr<MemoryBody> memory;
  std::string_view body;
  switch (frame.body) {
    case BodyKind::file:
      co_return co_await send_file(call, std::move(reply), std::move(answer.descriptor),
                                   frame.length);
    case BodyKind::stream:
      co_return co_await send_stream(call, std::move(reply), std::move(answer.descriptor));
    case BodyKind::memory:
      memory = call.services.bodies.open(std::move(answer.descriptor));
      body = memory->bytes();
      break;
    default:
      body = frame.bytes;
  }
  std::string prefix;
  std::size_t skip = 0;
  const bool is_json = reply.content_type.starts_with("application/json");
  if (format == Format::extjs && is_json && body.starts_with('{')) {
    prefix = extjs_prefix(reply.status, body);
    skip = 1;
    if (reply.status != 401) {
      reply.status = 200;
      reply.reason = "OK";
    }
  }
  Encoding encoding = frame.gzip_allowed && body.size() > gzip_threshold
                          ? best_encoding(call.head.field("accept-encoding"))
                          : Encoding::identity;
  if (encoding != Encoding::identity && memory) {
    auto small = co_await call.services.bodies.compressed(memory, encoding, prefix, skip);
    if (small) co_return co_await send_whole(call, std::move(reply), {}, *small, encoding);
  } else if (encoding != Encoding::identity) {
    std::string small = compress(encoding, prefix, body.substr(skip));
    co_return co_await send_whole(call, std::move(reply), {}, small, encoding);
  }
  co_await send_whole(call, std::move(reply), prefix, body.substr(skip));
}

}  // namespace posada::front
