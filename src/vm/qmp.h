// QEMU's machine protocol over one connection: commands with their answers, events, and
// descriptors handed over beside a command.
//
// One reader coroutine in a scope of this object; callers await their answers. QEMU is not
// trusted: a line that is too long, no JSON or no answer of ours ends the connection (every
// waiting command fails) and nothing else. A lost connection is final for the object; whoever
// follows the guest connects anew.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "sys/async.h"
#include "sys/fd.h"

namespace posada::vm {

struct QmpEvent {
  std::string name;  // "SHUTDOWN"
  json::object data;
};

class Qmp {
 public:
  using OnEvent = std::function<void(const QmpEvent&)>;
  using OnEnd = std::function<void()>;

  // `socket` is connected. Events and the end are told on the loop.
  Qmp(sys::Executor executor, sys::Fd socket, OnEvent on_event = {}, OnEnd on_end = {});
  ~Qmp();
  Qmp(const Qmp&) = delete;
  Qmp& operator=(const Qmp&) = delete;

  // Reads the greeting and turns commands on. Throws when that does not come in time.
  sys::Async<json::object> greet(sys::Milliseconds deadline = sys::Milliseconds(10000));

  // The `return` member. Throws Error "vm.qmp" with QEMU's own words and the argument `class`
  // when it refuses, and "vm.qmp-timeout" or "vm.qmp-closed" when no answer comes.
  sys::Async<json::value> execute(std::string command, json::object arguments = {},
                                  sys::Milliseconds deadline = sys::Milliseconds(10000));
  // The same with descriptors, for getfd and add-fd.
  sys::Async<json::value> execute_with(std::string command, json::object arguments,
                                       std::vector<sys::Fd> descriptors,
                                       sys::Milliseconds deadline = sys::Milliseconds(10000));
  // Sends at once and is answered later, so that commands which do not depend on each other share
  // one round trip: `const auto a = send(…), b = send(…); co_await answer(a); co_await answer(b);`.
  // QEMU works through them in order.
  struct Waiting;
  struct Sent {
    std::string command;
    std::int64_t id = 0;
    std::shared_ptr<Waiting> waiting;
  };
  Sent send(std::string command, json::object arguments = {},
            std::vector<sys::Fd> descriptors = {});
  sys::Async<json::value> answer(Sent sent, sys::Milliseconds deadline = sys::Milliseconds(10000));

  bool closed() const;
  void close();

  // A line longer than this is nothing that QEMU says to us.
  static constexpr std::size_t max_line_bytes = 16 * 1024 * 1024;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace posada::vm
