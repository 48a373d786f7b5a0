#include "telemetry/history_worker.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <optional>

#include "sys/channel.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/stream.h"
#include "telemetry/layout.h"

namespace posada::telemetry {

namespace {

constexpr int worker_socket = 3;
constexpr std::size_t frame_limit = 64UL * 1024 * 1024;
constexpr sys::Milliseconds first_pause{100};
constexpr sys::Milliseconds longest_pause{10'000};
// How long a request waits for a worker that is being started.
constexpr sys::Milliseconds start_patience{2000};

struct Waiter {
  explicit Waiter(const sys::Executor& executor) : done(executor) {}
  sys::Event done;
  std::optional<json::object> answer;  // nothing: the worker died
};

std::string frame_of(const json::object& message) {
  const std::string bytes = json::serialize(message);
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::string frame(sizeof length, '\0');
  std::memcpy(frame.data(), &length, sizeof length);
  return frame + bytes;
}

Error unavailable(const std::string& reason) {
  return Error::failed("history.unavailable", "the history cannot be read at the moment: " + reason,
                       {{"reason", reason}});
}

}  // namespace

struct HistoryWorker::State {
  State(sys::Executor loop, std::string given_program, std::string given_folder)
      : executor(loop),
        program(std::move(given_program)),
        folder(std::move(given_folder)),
        scope(loop),
        connected(loop),
        stopping(loop) {}

  void send_layouts() {
    for (const HistoryKind kind : {HistoryKind::node, HistoryKind::guest, HistoryKind::storage}) {
      stream->write(frame_of({{"do", "layout"},
                              {"kind", name_of(kind)},
                              {"step", base_step},
                              {"sources", json::value_from(source_definitions(kind))},
                              {"archives", json::value_from(archive_definitions(kind))}}));
    }
  }

  void take_answer(const std::string& frame) {
    boost::system::error_code failure;
    json::value value = json::parse(frame, failure);
    if (failure || !value.is_object()) return;
    json::object& answer = value.get_object();
    const std::optional<std::int64_t> id = integer_member(answer, "id");
    const auto waiter = id ? waiting.find(static_cast<std::uint64_t>(*id)) : waiting.end();
    if (waiter == waiting.end()) return;
    answered = true;
    waiter->second->answer = std::move(answer);
    waiter->second->done.set();
    waiting.erase(waiter);
  }

  void disconnect() {
    connected.reset();
    stream.reset();
    for (auto& [id, waiter] : std::exchange(waiting, {})) waiter->done.set();
  }

  void kill() {
    if (child) child->signal(SIGKILL);
  }

  sys::Executor executor;
  std::string program;
  std::string folder;
  sys::Scope scope;
  std::shared_ptr<sys::Stream> stream;
  std::optional<sys::Child> child;
  sys::Event connected;
  sys::Event stopping;
  std::string trouble = "starting";
  bool answered = false;  // the present worker has answered once
  std::uint64_t next_id = 1;
  std::map<std::uint64_t, std::shared_ptr<Waiter>> waiting;
};

namespace {

using SharedWorker = std::shared_ptr<HistoryWorker::State>;

// Until the worker closes its end.
sys::Async<void> read_answers(SharedWorker state, std::shared_ptr<sys::Stream> stream) {
  std::string bytes;
  while (true) {
    const std::string piece = co_await stream->read();
    if (piece.empty()) co_return;
    bytes += piece;
    std::uint32_t length = 0;
    while (bytes.size() >= sizeof length) {
      std::memcpy(&length, bytes.data(), sizeof length);
      if (length > frame_limit) co_return;
      if (bytes.size() < sizeof length + length) break;
      state->take_answer(bytes.substr(sizeof length, length));
      bytes.erase(0, sizeof length + length);
    }
  }
}

sys::Async<void> run_once(SharedWorker state) {
  auto [ours, theirs] = sys::socket_pair();
  sys::Command command;
  command.arguments = {state->program, "rrd", "--folder", state->folder};
  command.descriptors = {{2, 2}, {worker_socket, theirs.get()}};
  state->child = sys::spawn(state->executor, command);
  theirs.reset();
  state->stream = std::make_shared<sys::Stream>(state->executor, std::move(ours));
  state->send_layouts();
  state->connected.set();
  co_await read_answers(state, state->stream);
  state->disconnect();
  state->kill();
  const int status = co_await state->child->wait();
  state->child.reset();
  state->trouble = "its worker ended with status " + std::to_string(status);
}

sys::Async<void> keep_running(SharedWorker state) {
  sys::Milliseconds pause = first_pause;
  std::string logged;  // the same trouble is told once
  while (!state->stopping.is_set()) {
    state->answered = false;
    try {
      co_await run_once(state);
    } catch (const Error& failure) {
      state->trouble = failure.wire();
      state->disconnect();
    }
    if (state->stopping.is_set()) co_return;
    if (state->trouble != logged) sys::log_warning("history: {}", state->trouble);
    logged = state->trouble;
    if (state->answered) pause = first_pause;
    co_await state->stopping.wait_for(pause);
    pause = std::min(2 * pause, longest_pause);
  }
}

sys::Async<json::object> ask_worker(SharedWorker state, json::object request,
                                    sys::Milliseconds deadline) {
  if (!co_await state->connected.wait_for(std::min(deadline, start_patience))) {
    throw unavailable(state->trouble);
  }
  const std::uint64_t id = state->next_id++;
  request["id"] = id;
  auto waiter = std::make_shared<Waiter>(state->executor);
  state->waiting[id] = waiter;
  state->stream->write(frame_of(request));
  if (!co_await waiter->done.wait_for(deadline)) {
    state->waiting.erase(id);
    state->kill();  // it hangs on its disk; the next one may find it well
    throw unavailable("no answer in time");
  }
  if (!waiter->answer) throw unavailable(state->trouble);
  if (const auto reason = text_member(*waiter->answer, "error")) {
    throw Error::failed("history.failed", "the history failed: " + *reason, {{"reason", *reason}});
  }
  co_return std::move(*waiter->answer);
}

sys::Async<void> stop_worker(SharedWorker state) {
  state->stopping.set();
  if (state->stream) state->stream->close();
  co_await state->scope.join();
}

}  // namespace

HistoryWorker::HistoryWorker(sys::Executor executor, std::string program, std::string folder)
    : state_(std::make_shared<State>(std::move(executor), std::move(program), std::move(folder))) {}

HistoryWorker::~HistoryWorker() {
  state_->stopping.set();
  state_->scope.stop();
}

void HistoryWorker::start() {
  state_->scope.spawn("history worker", keep_running(state_));
}
sys::Async<void> HistoryWorker::stop() {
  return stop_worker(state_);
}

sys::Async<json::object> HistoryWorker::ask(json::object request, sys::Milliseconds deadline) {
  return ask_worker(state_, std::move(request), deadline);
}

}  // namespace posada::telemetry
