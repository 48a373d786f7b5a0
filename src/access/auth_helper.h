// Asks the executed helper (`posada-worker auth`) what may block or needs much memory: PAM
// conversations and password hashing. At most two run at a time, each at most ten seconds; a few
// more may wait in line, further ones are refused as overload.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "sys/async.h"

namespace posada::access {

class AuthHelper {
 public:
  // `command`: the program with its first argument ({"/usr/bin/posada-worker", "auth"}).
  AuthHelper(std::vector<std::string> command, sys::Executor executor);

  // The helper's answer, an object with "ok" and, when false, "reason". Throws when the helper
  // itself fails: not found, killed at the deadline, no answer.
  sys::Async<json::object> ask(json::object question);

 private:
  class Turn;
  sys::Async<void> enter();
  void leave();

  std::vector<std::string> command_;
  sys::Executor executor_;
  std::size_t running_ = 0;
  std::deque<std::shared_ptr<sys::Event>> waiting_;
};

}  // namespace posada::access
