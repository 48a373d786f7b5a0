#include "vm/qmp.h"

#include <map>

#include "base/error.h"
#include "sys/log.h"
#include "sys/stream.h"

namespace posada::vm {

struct Qmp::Waiting {
  explicit Waiting(const sys::Executor& executor) : answered(executor) {}
  sys::Event answered;
  json::value result;
  std::exception_ptr failure;
};

namespace {

std::exception_ptr closed_error() {
  return std::make_exception_ptr(
      Error::failed("vm.qmp-closed", "the connection to QEMU's monitor was lost"));
}

}  // namespace

struct Qmp::State {
  State(const sys::Executor& executor, sys::Fd socket, OnEvent on_event, OnEnd on_end)
      : executor(executor),
        stream(executor, std::move(socket)),
        on_event(std::move(on_event)),
        on_end(std::move(on_end)),
        greeted(executor),
        readers(executor) {}

  sys::Executor executor;
  sys::Stream stream;
  OnEvent on_event;
  OnEnd on_end;
  sys::Event greeted;
  json::object greeting;
  std::map<std::int64_t, std::shared_ptr<Waiting>> waiting;
  std::int64_t next = 1;
  bool ended = false;
  sys::Scope readers;

  void end() {
    if (ended) return;
    ended = true;
    stream.close();
    for (auto& [id, entry] : waiting) {
      entry->failure = closed_error();
      entry->answered.set();
    }
    waiting.clear();
    greeted.set();
    if (on_end) on_end();
  }

  // False when the line is nothing that QEMU says.
  bool take(std::string_view line) {
    boost::system::error_code error;
    json::value value = json::parse(line, error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr) return false;
    if (const json::value* hello = object->if_contains("QMP")) {
      greeting = hello->is_object() ? hello->get_object() : json::object();
      greeted.set();
      return true;
    }
    if (object->contains("event")) {
      if (on_event) tell_event(*object);
      return true;
    }
    return take_answer(*object);
  }

  void tell_event(const json::object& object) {
    QmpEvent event;
    event.name = text_member(object, "event").value_or("");
    if (const auto* data = object.if_contains("data"); data != nullptr && data->is_object()) {
      event.data = data->get_object();
    }
    on_event(event);
  }

  bool take_answer(const json::object& object) {
    const auto id = integer_member(object, "id");
    const auto found = id ? waiting.find(*id) : waiting.end();
    if (found == waiting.end()) {
      // An answer that came after its deadline; without an id QEMU complains about our syntax.
      return id.has_value();
    }
    const auto entry = found->second;
    waiting.erase(found);
    if (const json::value* result = object.if_contains("return")) {
      entry->result = *result;
    } else {
      const auto* failure = object.if_contains("error");
      const json::object none;
      const json::object& details =
          failure != nullptr && failure->is_object() ? failure->get_object() : none;
      entry->failure = std::make_exception_ptr(
          Error::failed("vm.qmp", text_member(details, "desc").value_or("QEMU refused the command"),
                        {{"class", text_member(details, "class").value_or("")}}));
    }
    entry->answered.set();
    return true;
  }

  static sys::Async<void> read(std::shared_ptr<State> self) {
    std::string buffer;
    while (!self->ended) {
      const std::string bytes = co_await self->stream.read();
      if (bytes.empty()) break;
      buffer += bytes;
      std::size_t start = 0;
      for (std::size_t end; (end = buffer.find('\n', start)) != std::string::npos;
           start = end + 1) {
        std::string_view line = std::string_view(buffer).substr(start, end - start);
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        if (!self->take(line)) {
          sys::log_warning("QEMU said something that is no monitor protocol; connection ended");
          self->end();
          co_return;
        }
      }
      buffer.erase(0, start);
      if (buffer.size() > max_line_bytes) {
        sys::log_warning("QEMU sent a monitor line without end; connection ended");
        break;
      }
    }
    self->end();
  }
};

Qmp::Qmp(sys::Executor executor, sys::Fd socket, OnEvent on_event, OnEnd on_end)
    : state_(std::make_shared<State>(executor, std::move(socket), std::move(on_event),
                                     std::move(on_end))) {
  state_->readers.spawn("QMP reader", State::read(state_));
}

Qmp::~Qmp() {
  state_->on_event = {};
  state_->on_end = {};
  state_->end();
  state_->readers.stop();
}

sys::Async<json::object> Qmp::greet(sys::Milliseconds deadline) {
  const auto state = state_;
  // It need not have greeted to be asked.
  const Sent capabilities = send("qmp_capabilities");
  const bool in_time = co_await state->greeted.wait_for(deadline);
  if (state->ended) std::rethrow_exception(closed_error());
  if (!in_time) throw Error::failed("vm.qmp-timeout", "QEMU's monitor did not answer in time");
  co_await answer(capabilities, deadline);
  co_return state->greeting;
}

sys::Async<json::value> Qmp::execute(std::string command, json::object arguments,
                                     sys::Milliseconds deadline) {
  return execute_with(std::move(command), std::move(arguments), {}, deadline);
}

sys::Async<json::value> Qmp::execute_with(std::string command, json::object arguments,
                                          std::vector<sys::Fd> descriptors,
                                          sys::Milliseconds deadline) {
  return answer(send(std::move(command), std::move(arguments), std::move(descriptors)), deadline);
}

Qmp::Sent Qmp::send(std::string command, json::object arguments, std::vector<sys::Fd> descriptors) {
  if (state_->ended) std::rethrow_exception(closed_error());
  Sent sent{std::move(command), state_->next++, std::make_shared<Waiting>(state_->executor)};
  json::object message = {{"execute", sent.command}, {"id", sent.id}};
  if (!arguments.empty()) message["arguments"] = std::move(arguments);
  if (!state_->stream.write(json::serialize(message) + "\n", std::move(descriptors))) {
    state_->end();
    std::rethrow_exception(closed_error());
  }
  state_->waiting[sent.id] = sent.waiting;
  return sent;
}

sys::Async<json::value> Qmp::answer(Sent sent, sys::Milliseconds deadline) {
  const auto state = state_;
  struct Leave {
    State& state;
    std::int64_t id;
    ~Leave() { state.waiting.erase(id); }
  } leave{*state, sent.id};
  if (!co_await sent.waiting->answered.wait_for(deadline)) {
    throw Error::failed("vm.qmp-timeout", "QEMU did not answer '" + sent.command + "' in time",
                        {{"command", sent.command}});
  }
  if (sent.waiting->failure) std::rethrow_exception(sent.waiting->failure);
  co_return std::move(sent.waiting->result);
}

bool Qmp::closed() const {
  return state_->ended;
}
void Qmp::close() {
  state_->end();
}

}  // namespace posada::vm
