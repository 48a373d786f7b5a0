#include "front/session.h"

#include "base/error.h"
#include "base/text.h"
#include "front/api_call.h"
#include "front/http_request.h"
#include "front/limits.h"
#include "front/page.h"
#include "front/refusal.h"
#include "front/reply.h"
#include "front/request.h"
#include "front/upload.h"
#include "sys/log.h"

namespace posada::front {
namespace {

using sys::BootTime;

std::string request_id(Services& services) {
  std::string bytes(8, '\0');
  std::uint64_t number = services.next_request++;
  for (std::size_t i = 0; i < 8; ++i) bytes[7 - i] = static_cast<char>((number >> (8 * i)) & 0xff);
  return hex(bytes);
}

// Reads a request's head. False when the client has ended the connection between two requests.
sys::Async<bool> read_head(Services& services, Stream& stream, RequestParser& parser) {
  bool begun = false;
  for (;;) {
    // Old clients send an empty line after a form.
    while (!begun && stream.input().starts_with("\r\n")) stream.consume(2);
    stream.consume(parser.feed(stream.input()));
    if (parser.head_done()) break;
    if (!begun && (parser.started() || !stream.input().empty())) {
      begun = true;
      stream.set_deadline(services.clock.boot_time() + head_time);
    }
    if (!co_await stream.fill()) {
      if (begun) throw ClientGone();
      co_return false;
    }
  }
  stream.set_deadline(BootTime{0});
  co_return true;
}

sys::Async<std::string> read_body(Call& call, RequestParser& parser) {
  if (call.head.content_length.value_or(0) > max_body_bytes) {
    throw Refusal(501, "for data too large").closing();
  }
  if (call.head.expects_continue && call.stream.input().empty()) {
    co_await call.stream.write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  bool waited = false;
  for (;;) {
    call.stream.consume(parser.feed(call.stream.input()));
    if (parser.done()) break;
    if (!std::exchange(waited, true)) {
      call.stream.set_deadline(call.services.clock.boot_time() + body_time);
    }
    if (!co_await call.stream.fill(transfer_bytes)) throw ClientGone();
  }
  call.stream.set_deadline(BootTime{0});
  co_return parser.take_body();
}

void require_known_method(const Call& call) {
  for (std::string_view known : {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"}) {
    if (call.head.method == known) return;
  }
  throw Refusal(501, "method '" + call.head.method + "' not available").bare();
}

void require_no_body(const Call& call) {
  if (call.head.has_body() && call.head.method != "POST" && call.head.method != "PUT") {
    throw Refusal(501, "Unexpected content for method '" + call.head.method + "'");
  }
}

sys::Async<void> serve_options(Call& call) {
  Reply reply{204, "No Content", {}, {{"Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS"}}};
  co_await send_whole(call, std::move(reply), {}, {});
}

sys::Async<void> serve_page(Call& call, bool openapi) {
  if (call.head.method != "GET" && call.head.method != "HEAD") {
    throw Refusal(501, "method '" + call.head.method + "' not available").bare();
  }
  if (openapi) {
    co_await call.services.page.serve_openapi(call);
  } else {
    co_await call.services.page.serve(call);
  }
}

// Chooses who serves the request. `format` is set as soon as a refusal can be put in it.
sys::Async<void> dispatch(Call& call, RequestParser& parser, std::optional<Format>& format) {
  Address address = split_target(call.head.target == "*" ? "/" : call.head.target);
  call.path = address.path;
  const bool api = is_api_path(address.path);
  if (api) format = Format::json;
  require_known_method(call);
  require_no_body(call);
  if (call.head.method == "OPTIONS") co_return co_await serve_options(call);
  if (!api || address.path == "/api2/openapi.json") {
    co_return co_await serve_page(call, api);
  }
  ApiAddress where = api_address(address.path);
  format = where.format;
  if (is_upload(call.head.method, where.segments) &&
      call.head.field("content-type").find("multipart/") != std::string_view::npos) {
    co_return co_await serve_upload(call, where, address.query);
  }
  std::string body = co_await read_body(call, parser);
  co_await serve_api(call, where, address.query, std::move(body));
}

// Reads only are logged when they fail or are slow: a busy page makes hundreds of them.
void log_call(const Call& call, std::string_view outcome) {
  using sys::Milliseconds;
  auto took =
      std::chrono::duration_cast<Milliseconds>(call.services.clock.boot_time() - call.begun);
  const bool reads = call.head.method == "GET" || call.head.method == "HEAD";
  if (reads && call.status < 400 && call.status != 101 && took < Milliseconds(2000) &&
      outcome == "done") {
    return;
  }
  // The query stays out: it may hold a console's ticket.
  sys::log_info("request={} peer={} method={} path=\"{}\" status={} ms={} bytes={} outcome={}",
                call.id, call.peer.address, encode_text(call.head.method), encode_text(call.path),
                call.status, took.count(), call.sent_bytes, outcome);
}

// Serves one request. False when the connection has to end.
sys::Async<bool> serve_one(Services& services, Stream& stream, const Peer& peer,
                           RequestParser& parser) {
  Call call{.services = services,
            .stream = stream,
            .head = parser.head(),
            .peer = peer,
            .id = request_id(services),
            .path = {},
            .begun = services.clock.boot_time()};
  call.keep_alive = call.head.keep_alive;
  std::optional<Format> format;
  std::optional<Refusal> refusal;
  try {
    co_await dispatch(call, parser, format);
  } catch (const Refusal& refused) {
    refusal = refused;
  } catch (const ClientGone&) {
    log_call(call, stream.timed_out() ? "timed_out" : "client_gone");
    throw;
  } catch (const Error& error) {
    sys::log_error("request={} error=\"{}\"", call.id, error.what());
    if (call.status != 0) throw;  // an answer has begun; only its breaking off tells the client
    refusal = Refusal(500, error.what()).closing();
  }
  if (refusal && call.status != 0) throw ClientGone();
  if (refusal) {
    // What has not been read of the body cannot be told from the next request.
    if (call.head.has_body() && !parser.done()) refusal = std::move(*refusal).closing();
    co_await send_refusal(call, *refusal, format);
  }
  log_call(call, "done");
  co_return call.keep_alive;
}

// The first request's head could not be parsed: there is no call yet, but an answer.
sys::Async<void> refuse_head(Services& services, Stream& stream, const Peer& peer,
                             const RequestParser& parser, Refusal refusal) {
  Call call{.services = services,
            .stream = stream,
            .head = parser.head(),
            .peer = peer,
            .id = request_id(services),
            .path = {},
            .begun = services.clock.boot_time()};
  co_await send_refusal(call, std::move(refusal).closing(), Format::json);
  log_call(call, "done");
}

// A browser that was sent to the port without https.
sys::Async<void> redirect(Services& services, Stream& stream, const Peer& peer) {
  RequestParser parser;
  if (!co_await read_head(services, stream, parser)) co_return;
  Call call{.services = services,
            .stream = stream,
            .head = parser.head(),
            .peer = peer,
            .id = request_id(services),
            .path = {},
            .begun = services.clock.boot_time()};
  call.keep_alive = false;
  const bool reads = call.head.method == "GET" || call.head.method == "HEAD";
  Reply reply{reads ? 301 : 308, reads ? "Moved Permanently" : "Permanent Redirect", {}, {}};
  std::string_view host = call.head.field("host");
  if (host.empty() || !call.head.target.starts_with('/')) {
    reply = {400, "bad request: this port speaks https", {}, {}};
  } else {
    reply.headers.emplace_back("Location", "https://" + std::string(host) + call.head.target);
  }
  co_await send_whole(call, std::move(reply), {}, {});
}

sys::Async<void> serve_requests(Services& services, Stream& stream, const Peer& peer) {
  for (;;) {
    RequestParser parser;
    std::optional<Refusal> refusal;
    try {
      if (!co_await read_head(services, stream, parser)) co_return;
    } catch (const Refusal& refused) {
      refusal = refused;
    }
    if (refusal) co_return co_await refuse_head(services, stream, peer, parser, *refusal);
    if (!co_await serve_one(services, stream, peer, parser)) co_return;
  }
}

// Runs a session to its end; the stream is closed afterwards.
sys::Async<void> guard(std::shared_ptr<Stream> stream, const Peer& peer, sys::Async<void> session) {
  try {
    co_await std::move(session);
  } catch (const ClientGone&) {
    // The usual end of a connection; what it cut short has been logged with its request.
  } catch (const Refusal&) {
    // Only plain HTTP gets here: what came was no HTTP either.
  } catch (const Error& error) {
    sys::log_error("connection peer={} error=\"{}\"", peer.address, error.what());
  }
  stream->close();
}

sys::Async<void> serve(Services& services, Stream& stream, const Peer& peer) {
  stream.set_deadline(services.clock.boot_time() + head_time);
  co_await stream.open(services.tls);
  if (stream.encrypted()) {
    co_await serve_requests(services, stream, peer);
  } else {
    co_await redirect(services, stream, peer);
  }
  stream.set_deadline(services.clock.boot_time() + linger_time);
  co_await stream.finish();
}

sys::Async<void> refuse(Services& services, Stream& stream, const Peer& peer,
                        const std::string& reason) {
  const BootTime until = services.clock.boot_time() + refusal_time;
  stream.set_deadline(until);
  co_await stream.open(services.tls);
  RequestParser parser;
  if (!co_await read_head(services, stream, parser)) co_return;
  stream.set_deadline(until);
  co_await refuse_head(services, stream, peer, parser, Refusal(503, reason));
  co_await stream.finish();
}

}  // namespace

sys::Async<void> serve_client(Services& services, std::shared_ptr<Stream> stream, Peer peer) {
  co_await guard(stream, peer, serve(services, *stream, peer));
}

sys::Async<void> refuse_client(Services& services, std::shared_ptr<Stream> stream, Peer peer,
                               std::string reason) {
  co_await guard(stream, peer, refuse(services, *stream, peer, reason));
}

}  // namespace posada::front
