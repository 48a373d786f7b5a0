#include "app/cli/client.h"

#include <cstdio>

#include "base/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace posada::app {

struct Client::Reply {
  ResponseFrame frame;
  std::string body;
  sys::Fd descriptor;
};

Client::Client(Settings settings) : settings_(std::move(settings)) {}
Client::~Client() = default;

// The daemon knows its own name, which may have been given to it at its start.
std::string Client::node() const { return "localhost"; }
sys::Loop& Client::loop() { return loop_; }

sys::Async<void> Client::exchange_async(RequestFrame frame, Reply& reply) {
  if (!channel_) {
    sys::Fd socket;
    try {
      socket = co_await sys::connect_unix(loop_.executor(), settings_.admin_socket());
    } catch (const Error& error) {
      throw Error::failed("cli.no-daemon",
                          "no node answers at " + settings_.admin_socket() + " (" + error.wire() + ")")
          .with_hint("Is the daemon running? Name another node's folder with POSADA_ROOT=DIR.");
    }
    channel_ = std::make_unique<sys::Channel>(loop_.executor(), std::move(socket));
    co_await channel_->send(FrameKind::hello, pack(Hello{frame_protocol, "cli", ""}));
  }
  const std::uint64_t id = frame.id;
  co_await channel_->send(FrameKind::request, pack(frame));
  for (;;) {
    std::optional<sys::Received> received = co_await channel_->receive();
    if (!received) {
      channel_.reset();
      throw Error::failed("cli.lost", "the daemon has closed the connection");
    }
    if (received->kind != FrameKind::response) continue;
    ResponseFrame response = unpack_response(received->bytes);
    if (response.id != id) continue;
    reply.frame = std::move(response);
    if (!received->descriptors.empty()) reply.descriptor = std::move(received->descriptors.front());
    co_return;
  }
}

Client::Reply Client::exchange(RequestFrame frame) {
  frame.id = next_id_++;
  frame.request = hex(sys::random_bytes(8));
  frame.peer.address = "local";
  Reply reply;
  loop_.run_until(exchange_async(std::move(frame), reply));
  if (reply.frame.body == BodyKind::memory || reply.frame.body == BodyKind::file) {
    reply.body = sys::read_descriptor(reply.descriptor);
  } else {
    reply.body = std::move(reply.frame.bytes);
  }
  return reply;
}

namespace {

Error::Texts texts_of(const json::object& from, std::string_view name) {
  Error::Texts texts;
  if (const json::value* found = from.if_contains(name); found && found->is_object()) {
    for (const auto& [key, value] : found->get_object()) texts[std::string(key)] = text_of(value);
  }
  return texts;
}

// The daemon's refusal, thrown anew here.
[[noreturn]] void throw_refusal(const ResponseFrame& frame, const json::object& envelope) {
  Error::Texts parameters = texts_of(envelope, "errors");
  if (!parameters.empty()) throw Error::parameters(std::move(parameters));
  std::string message(trim(text_member(envelope, "message").value_or(frame.reason)));
  Error error = Error::failed(text_member(envelope, "code").value_or("api.failed"),
                              std::move(message), texts_of(envelope, "args"));
  if (const auto hint = text_member(envelope, "hint")) error = error.with_hint(*hint);
  throw error;
}

}  // namespace

CallResult Client::call(api::Verb verb, std::vector<std::string> path, json::object parameters) {
  RequestFrame frame;
  frame.method = std::string(api::name_of(verb));
  frame.path = std::move(path);
  frame.parameters = std::move(parameters);
  Reply reply = exchange(std::move(frame));
  CallResult result;
  const bool is_json = reply.frame.content_type.starts_with("application/json");
  if (is_json) {
    result.envelope = json::parse(reply.body).as_object();
  } else {
    result.envelope = {{"data", reply.body}};
  }
  if (reply.frame.status >= 400) throw_refusal(reply.frame, result.envelope);
  return result;
}

sys::Fd Client::open_console(std::vector<std::string> path, json::object parameters) {
  RequestFrame frame;
  frame.method = "GET";
  frame.path = std::move(path);
  frame.parameters = std::move(parameters);
  frame.upgrade = true;
  Reply reply = exchange(std::move(frame));
  if (reply.frame.status >= 400) {
    throw_refusal(reply.frame, json::parse(reply.body).as_object());
  }
  if (!reply.descriptor) throw Error::failed("cli.no-console", "the daemon gave no console");
  return std::move(reply.descriptor);
}

bool Client::follow_task(const std::string& upid) {
  const std::vector<std::string> parts = split(upid, ':');
  const std::vector<std::string> base = {"nodes", parts.size() > 1 ? parts[1] : node(), "tasks", upid};
  std::size_t printed = 0;
  sys::SystemClock clock;
  for (;;) {
    std::vector<std::string> path = base;
    path.push_back("status");
    const json::value status = call(api::Verb::get, path, {}).data();
    path.back() = "log";
    CallResult log = call(api::Verb::get, path, {{"start", printed}, {"limit", 0}});
    const bool ended = status.at("status").as_string() == "stopped";
    for (const json::value& line : log.data().as_array()) {
      const std::string text = text_of(line.at("t"));
      if (text == "no content") continue;
      ++printed;
      if (!text.starts_with("TASK ")) std::fprintf(stderr, "%s\n", text.c_str());
    }
    if (ended) {
      const std::string outcome = text_of(status.at("exitstatus"));
      if (outcome == "OK" || outcome.starts_with("WARNINGS: ")) return true;
      std::fprintf(stderr, "%s\n", outcome.c_str());
      return false;
    }
    loop_.run_until(clock.sleep(sys::Milliseconds(100)));
  }
}

}  // namespace posada::app
