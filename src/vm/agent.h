// The guest agent's protocol over its channel. Everything that comes back was written by the
// guest, so it is bounded and never trusted: nonsense fails the command and nothing else.
//
// Each command synchronises first (guest-sync-delimited with a fresh number), because the channel
// may still hold what an earlier, late answer left. One command at a time; others wait in order.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "sys/async.h"
#include "sys/fd.h"

namespace posada::vm {

class Agent {
 public:
  // `path` of the channel's socket, which QEMU listens on.
  Agent(sys::Executor executor, std::string path);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // The `return` member. Throws Error "vm.agent-not-running" `QEMU guest agent is not running`
  // when there is no answer to the synchronisation within 3 s, "vm.agent" with the agent's own
  // words when it refuses, "vm.agent-timeout" when the answer does not come.
  sys::Async<json::value> execute(std::string command, json::object arguments = {},
                                  sys::Milliseconds deadline = sys::Milliseconds(10000));

  // For commands that end the guest and so never answer (guest-shutdown).
  sys::Async<void> tell(std::string command, json::object arguments = {});

  static constexpr std::size_t max_answer_bytes = 16 * 1024 * 1024;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace posada::vm
