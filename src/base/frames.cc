#include "base/frames.h"

#include "base/error.h"
#include "base/packed.h"

namespace posada {
namespace {

json::object parse_parameters(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error) throw malformed_frame("parameters are not JSON: " + error.message());
  if (!value.is_object()) throw malformed_frame("parameters are not a JSON object");
  return std::move(value.as_object());
}

BodyKind body_kind(std::uint8_t number) {
  if (number > static_cast<std::uint8_t>(BodyKind::terminal_console)) {
    throw malformed_frame("unknown kind of body");
  }
  return static_cast<BodyKind>(number);
}

}  // namespace

std::string pack(const Hello& frame) {
  Packer out;
  out.u32(frame.protocol);
  out.text(frame.role);
  out.text(frame.version);
  return out.take();
}

// A later protocol may say more after these fields, so that both ends can name the mismatch.
Hello unpack_hello(std::string_view bytes) {
  Unpacker in(bytes);
  Hello frame;
  frame.protocol = in.u32();
  frame.role = in.text();
  frame.version = in.text();
  return frame;
}

std::string pack(const RequestFrame& frame) {
  Packer out;
  out.u64(frame.id);
  out.text(frame.request);
  out.text(frame.peer.address);
  out.u16(frame.peer.port);
  out.text(frame.method);
  out.text(frame.format);
  out.u32(static_cast<std::uint32_t>(frame.path.size()));
  for (const std::string& segment : frame.path) out.text(segment);
  out.text(json::serialize(frame.parameters));
  out.text(frame.credential.ticket);
  out.text(frame.credential.api_token);
  out.text(frame.credential.csrf);
  out.text(frame.language);
  out.text(frame.origin);
  out.text(frame.last_event_id);
  out.i64(frame.deadline_ms);
  out.boolean(frame.upgrade);
  out.boolean(frame.has_upload);
  return out.take();
}

RequestFrame unpack_request(std::string_view bytes) {
  Unpacker in(bytes);
  RequestFrame frame;
  frame.id = in.u64();
  frame.request = in.text();
  frame.peer.address = in.text();
  frame.peer.port = in.u16();
  frame.method = in.text();
  frame.format = in.text();
  std::uint32_t segments = in.count(4);
  frame.path.reserve(segments);
  for (std::uint32_t i = 0; i < segments; ++i) frame.path.push_back(in.text());
  frame.parameters = parse_parameters(in.text());
  frame.credential.ticket = in.text();
  frame.credential.api_token = in.text();
  frame.credential.csrf = in.text();
  frame.language = in.text();
  frame.origin = in.text();
  frame.last_event_id = in.text();
  frame.deadline_ms = in.i64();
  frame.upgrade = in.boolean();
  frame.has_upload = in.boolean();
  in.end();
  return frame;
}

std::string pack(const ResponseFrame& frame) {
  Packer out;
  out.u64(frame.id);
  out.u32(static_cast<std::uint32_t>(frame.status));
  out.text(frame.reason);
  out.text(frame.content_type);
  out.u32(static_cast<std::uint32_t>(frame.headers.size()));
  for (const auto& [name, value] : frame.headers) {
    out.text(name);
    out.text(value);
  }
  out.u8(static_cast<std::uint8_t>(frame.body));
  out.text(frame.bytes);
  out.u64(frame.length);
  out.boolean(frame.gzip_allowed);
  out.i64(frame.delay_ms);
  out.text(frame.greeting);
  out.text(frame.console);
  return out.take();
}

ResponseFrame unpack_response(std::string_view bytes) {
  Unpacker in(bytes);
  ResponseFrame frame;
  frame.id = in.u64();
  std::uint32_t status = in.u32();
  if (status < 100 || status > 999) throw malformed_frame("the status is not three digits");
  frame.status = static_cast<int>(status);
  frame.reason = in.text();
  frame.content_type = in.text();
  std::uint32_t headers = in.count(8);
  frame.headers.reserve(headers);
  for (std::uint32_t i = 0; i < headers; ++i) {
    std::string name = in.text();
    frame.headers.emplace_back(std::move(name), in.text());
  }
  frame.body = body_kind(in.u8());
  frame.bytes = in.text();
  frame.length = in.u64();
  frame.gzip_allowed = in.boolean();
  frame.delay_ms = in.i64();
  frame.greeting = in.text();
  frame.console = in.text();
  in.end();
  return frame;
}

std::string pack(const CancelFrame& frame) {
  Packer out;
  out.u64(frame.id);
  return out.take();
}

CancelFrame unpack_cancel(std::string_view bytes) {
  Unpacker in(bytes);
  CancelFrame frame;
  frame.id = in.u64();
  in.end();
  return frame;
}

}  // namespace posada
