// What front and daemon say to each other: decoded fields, never HTTP. A frame is a length
// (u32, little endian), a kind (u8) and the packed fields (base/packed.h); descriptors travel
// beside it (SCM_RIGHTS), counted in the frame. sys/channel.h carries frames over a socket.
//
// The daemon believes `peer` only from the front's socket, and believes no identity from it:
// credentials are checked in the daemon. Root's command line uses a second socket where the
// kernel's peer credentials are the identity.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace posada {

constexpr std::uint32_t frame_protocol = 1;
constexpr std::size_t max_frame_bytes = 4 * 1024 * 1024;
// A body larger than this leaves as a sealed memfd instead of inside the frame.
constexpr std::size_t max_inline_body = 64 * 1024;

enum class FrameKind : std::uint8_t {
  hello = 1,     // both ways, first: Hello
  request = 2,   // front → daemon: RequestFrame (descriptor: the upload's socket, if any)
  response = 3,  // daemon → front: ResponseFrame (descriptor: body or console, if any)
  cancel = 4,    // front → daemon: the client has gone; CancelFrame
};

struct Hello {
  std::uint32_t protocol = frame_protocol;
  std::string role;     // "front", "cli", "daemon"
  std::string version;  // of the program
};

struct Credential {
  std::string ticket;     // cookie or `Authorization: PVEAuthCookie=`; already %-decoded
  std::string api_token;  // the text after `PVEAPIToken=`
  std::string csrf;       // header CSRFPreventionToken
};

struct Peer {
  std::string address;
  std::uint16_t port = 0;
};

struct RequestFrame {
  std::uint64_t id = 0;       // chosen by the sender, unique on this socket
  std::string request;        // 16 hex digits; goes through tasks, workers, logs, audit
  Peer peer;
  std::string method;         // GET POST PUT DELETE
  std::string format = "json";  // the segment after /api2: "json" or "extjs"
  std::vector<std::string> path;  // decoded segments after /api2/<format>
  json::object parameters;    // form values: strings or arrays of strings; JSON body: as sent
  Credential credential;
  std::string language;       // first of Accept-Language, or empty
  std::string origin;         // header Origin, or empty
  std::string last_event_id;  // header Last-Event-ID, or empty
  std::int64_t deadline_ms = 0;  // time the client is given; 0: the daemon's default
  bool upgrade = false;       // a WebSocket is asked for
  bool has_upload = false;    // a descriptor comes along, see below
};
// The upload's socket carries chunks: u32 length (little endian) and the bytes; length 0 means the
// file is complete. End of stream without it: the client was cut off.

enum class BodyKind : std::uint8_t {
  none = 0,
  inline_bytes = 1,
  memory = 2,    // descriptor: sealed memfd, whole
  file = 3,      // descriptor: readable file; `length` bytes from its position
  stream = 4,    // descriptor: socket; until end of stream (events, downloads)
  binary_console = 5,    // descriptor: socket; WebSocket binary frames both ways (VNC)
  terminal_console = 6,  // descriptor: socket or pty; the terminal protocol of wire.md §6
};

struct ResponseFrame {
  std::uint64_t id = 0;
  int status = 200;
  std::string reason = "OK";
  std::string content_type;   // empty: none is sent
  std::vector<std::pair<std::string, std::string>> headers;
  BodyKind body = BodyKind::none;
  std::string bytes;          // inline_bytes
  std::uint64_t length = 0;   // file
  bool gzip_allowed = true;
  std::int64_t delay_ms = 0;  // total time since the request after which the answer may leave
  std::string greeting;       // terminal_console: the first line that the client must send
  std::string console;        // a new console of the same name ends the older one's relay
};

struct CancelFrame {
  std::uint64_t id = 0;
};

// Each throws Error `frame.malformed` on bytes that are not such a frame.
std::string pack(const Hello& frame);
std::string pack(const RequestFrame& frame);
std::string pack(const ResponseFrame& frame);
std::string pack(const CancelFrame& frame);
Hello unpack_hello(std::string_view bytes);
RequestFrame unpack_request(std::string_view bytes);
ResponseFrame unpack_response(std::string_view bytes);
CancelFrame unpack_cancel(std::string_view bytes);

}  // namespace posada
