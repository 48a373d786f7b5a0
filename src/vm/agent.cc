#include "vm/agent.h"

#include "base/error.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/stream.h"

namespace posada::vm {

namespace {

constexpr sys::Milliseconds synchronise_deadline(3000);

Error not_running() {
  return Error::failed("vm.agent-not-running", "QEMU guest agent is not running");
}

// One connection, closed by a timer when the guest is silent, which ends the read.
struct Exchange {
  Exchange(const sys::Executor& executor, sys::Fd socket)
      : executor(executor), stream(executor, std::move(socket)) {}
  sys::Executor executor;
  sys::Stream stream;
  bool late = false;
  std::string buffer;

  static sys::Async<void> guard(std::shared_ptr<Exchange> self, std::shared_ptr<sys::Event> done,
                                sys::Milliseconds deadline) {
    if (!co_await done->wait_for(deadline)) {
      self->late = true;
      self->stream.close();
    }
  }

  // The next line; nothing at the end of the stream.
  sys::Async<std::optional<std::string>> line() {
    while (true) {
      if (const std::size_t end = buffer.find('\n'); end != std::string::npos) {
        std::string result = buffer.substr(0, end);
        buffer.erase(0, end + 1);
        co_return result;
      }
      if (buffer.size() > Agent::max_answer_bytes) {
        throw Error::failed("vm.agent", "the guest agent's answer is too long");
      }
      const std::string bytes = co_await stream.read();
      if (bytes.empty()) co_return std::nullopt;
      buffer += bytes;
    }
  }
};

std::optional<json::object> parsed(std::string_view line) {
  // The agent marks the start of a synchronised answer with a byte that is no text.
  if (const std::size_t mark = line.rfind('\xff'); mark != std::string_view::npos) {
    line.remove_prefix(mark + 1);
  }
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 32;
  json::value value = json::parse(line, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::int64_t fresh_number() {
  std::int64_t number = 0;
  for (const char c : sys::random_bytes(4)) number = number << 8 | static_cast<unsigned char>(c);
  return number & 0x7fffffff;
}

}  // namespace

struct Agent::State {
  State(const sys::Executor& executor, std::string path)
      : executor(executor), path(std::move(path)), turn(executor), guards(executor) {}
  sys::Executor executor;
  std::string path;
  sys::AsyncMutex turn;
  sys::Scope guards;

  sys::Async<void> synchronise(Exchange& exchange) {
    const std::int64_t number = fresh_number();
    exchange.stream.write("\xff" +
                          json::serialize(json::object{{"execute", "guest-sync-delimited"},
                                                       {"arguments", {{"id", number}}}}) +
                          "\n");
    while (const auto line = co_await exchange.line()) {
      const auto answer = parsed(*line);
      if (answer && integer_member(*answer, "return") == number) co_return;
    }
    throw not_running();
  }

  // The connection is closed unless the returned handle goes within the deadline.
  std::shared_ptr<void> watch(const std::shared_ptr<Exchange>& exchange,
                              sys::Milliseconds deadline) {
    const auto done = std::make_shared<sys::Event>(executor);
    guards.spawn("guest agent deadline", Exchange::guard(exchange, done, deadline));
    return std::shared_ptr<void>(nullptr, [done](void*) { done->set(); });
  }

  sys::Async<std::shared_ptr<Exchange>> connect() {
    sys::Fd socket = co_await sys::connect_unix(executor, path);
    auto exchange = std::make_shared<Exchange>(executor, std::move(socket));
    const auto in_time = watch(exchange, synchronise_deadline);
    co_await synchronise(*exchange);
    co_return exchange;
  }
};

Agent::Agent(sys::Executor executor, std::string path)
    : state_(std::make_shared<State>(executor, std::move(path))) {}
Agent::~Agent() {
  state_->guards.stop();
}

namespace {

std::string message_of(const std::string& command, json::object arguments) {
  json::object message = {{"execute", command}};
  if (!arguments.empty()) message["arguments"] = std::move(arguments);
  return json::serialize(message) + "\n";
}

json::value result_of(const std::optional<std::string>& line, bool late,
                      const std::string& command) {
  const auto answer = line ? parsed(*line) : std::nullopt;
  if (!answer) {
    if (late) {
      throw Error::failed("vm.agent-timeout",
                          "QEMU guest agent did not answer '" + command + "' in time");
    }
    throw Error::failed("vm.agent", "QEMU guest agent gave no valid answer to '" + command + "'");
  }
  if (const json::value* result = answer->if_contains("return")) return *result;
  const auto* failure = answer->if_contains("error");
  std::string text = "the guest agent refused '" + command + "'";
  if (failure != nullptr && failure->is_object()) {
    text = text_member(failure->get_object(), "desc").value_or(text);
  }
  throw Error::failed("vm.agent", "Agent error: " + text);
}

}  // namespace

sys::Async<json::value> Agent::execute(std::string command, json::object arguments,
                                       sys::Milliseconds deadline) {
  const auto state = state_;
  const auto turn = co_await state->turn.lock();
  const auto exchange = co_await state->connect();
  const auto in_time = state->watch(exchange, deadline);
  exchange->stream.write(message_of(command, std::move(arguments)));
  const auto line = co_await exchange->line();
  co_return result_of(line, exchange->late, command);
}

sys::Async<void> Agent::tell(std::string command, json::object arguments) {
  const auto state = state_;
  const auto turn = co_await state->turn.lock();
  const auto exchange = co_await state->connect();
  exchange->stream.write(message_of(command, std::move(arguments)));
  // The agent reads at its own pace; leave when it has closed or had its time.
  const auto in_time = state->watch(exchange, sys::Milliseconds(500));
  co_await exchange->line();
}

}  // namespace posada::vm
