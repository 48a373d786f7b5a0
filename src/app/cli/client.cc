#include "app/cli/client.h"

#include <cerrno>
#include <optional>

#include "base/text.h"
#include "sys/file.h"
#include "sys/folder.h"

namespace posada::app {
namespace {

// Whoever is given the same answer shares its position, so that does not count.
std::string read_memory(const sys::Fd& memory) {
  constexpr std::size_t piece = 1 << 20;
  std::string all;
  for (;;) {
    const std::string part = sys::read_at(memory, piece, all.size());
    if (part.empty()) return all;
    all += part;
  }
}

}  // namespace

struct Client::Reply {
  ResponseFrame frame;
  std::string body;
  sys::Fd descriptor;
};

Client::Client(Settings settings) : settings_(std::move(settings)) {}
Client::~Client() = default;

// The daemon knows its own name, which may have been given to it at its start.
std::string Client::node() const {
  return "localhost";
}
sys::Loop& Client::loop() {
  return loop_;
}

// What a person can do when the daemon does not answer.
Error Client::unreachable(const Error& reason) const {
  const auto number = reason.arguments().find("errno");
  const bool refused =
      number != reason.arguments().end() && number->second == std::to_string(EACCES);
  if (refused) {
    return Error::failed("cli.not-root", "only the user who runs the node may speak to it here (" +
                                             settings_.admin_socket() + ": permission denied)")
        .with_hint("Become root, or use the API with a user and a password.");
  }
  if (!settings_.root.empty()) {
    return Error::failed("cli.no-daemon", "the node in " + settings_.root + " is not running")
        .with_hint("Start it with 'posada serve --root " + settings_.root +
                   "'; in a checkout, with './dev up --root " + settings_.root + "'.");
  }
  return Error::failed("cli.no-daemon",
                       "no node is running on this machine (" + reason.wire() + ")")
      .with_hint("A node that was started with --root DIR is named by POSADA_ROOT=DIR.");
}

sys::Async<void> Client::connect() {
  sys::Fd socket;
  std::optional<Error> failure;
  try {
    socket = co_await sys::connect_unix(loop_.executor(), settings_.admin_socket());
  } catch (const Error& error) {
    failure = unreachable(error);
  }
  if (failure) throw *failure;
  channel_ = std::make_unique<sys::Channel>(loop_.executor(), std::move(socket));
  co_await channel_->send(FrameKind::hello, pack(Hello{frame_protocol, "cli", ""}));
}

sys::Async<void> Client::exchange_async(RequestFrame frame, Reply& reply) {
  frame.id = next_id_++;
  frame.request = hex(sys::random_bytes(8));
  frame.peer.address = "local";
  const std::uint64_t id = frame.id;
  if (!channel_) co_await connect();
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
    break;
  }
  if (reply.frame.body == BodyKind::memory) {
    reply.body = read_memory(reply.descriptor);
  } else if (reply.frame.body == BodyKind::file) {
    reply.body = sys::read_descriptor(reply.descriptor);
  } else {
    reply.body = std::move(reply.frame.bytes);
  }
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
  if (frame.status == 501) {
    throw Error::failed("api.not-implemented", std::move(message))
        .with_hint("This version of Posada does not have it yet.");
  }
  Error error = Error::failed(text_member(envelope, "code").value_or("api.failed"),
                              std::move(message), texts_of(envelope, "args"));
  if (const auto hint = text_member(envelope, "hint")) error = error.with_hint(*hint);
  throw error;
}

}  // namespace

sys::Async<CallResult> Client::call_async(api::Verb verb, std::vector<std::string> path,
                                          json::object parameters) {
  RequestFrame frame;
  frame.method = std::string(api::name_of(verb));
  frame.path = std::move(path);
  frame.parameters = std::move(parameters);
  Reply reply;
  co_await exchange_async(std::move(frame), reply);
  CallResult result;
  if (reply.frame.content_type.starts_with("application/json")) {
    result.envelope = json::parse(reply.body).as_object();
  } else {
    result.envelope = {{"data", reply.body}};
  }
  if (reply.frame.status >= 400) throw_refusal(reply.frame, result.envelope);
  co_return result;
}

namespace {

sys::Async<void> keep(sys::Async<CallResult> call, CallResult& result) {
  result = co_await std::move(call);
}

}  // namespace

CallResult Client::call(api::Verb verb, std::vector<std::string> path, json::object parameters) {
  CallResult result;
  loop_.run_until(keep(call_async(verb, std::move(path), std::move(parameters)), result));
  return result;
}

sys::Fd Client::open_console(std::vector<std::string> path, json::object parameters) {
  RequestFrame frame;
  frame.method = "GET";
  frame.path = std::move(path);
  frame.parameters = std::move(parameters);
  frame.upgrade = true;
  Reply reply;
  loop_.run_until(exchange_async(std::move(frame), reply));
  if (reply.frame.status >= 400) {
    throw_refusal(reply.frame, json::parse(reply.body).as_object());
  }
  if (!reply.descriptor) throw Error::failed("cli.no-console", "the daemon gave no console");
  return std::move(reply.descriptor);
}

}  // namespace posada::app
