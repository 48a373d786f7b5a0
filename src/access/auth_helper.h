// Asks the executed helper (`posada-worker auth`) what may block or needs much memory: PAM
// conversations and password hashing. At most two run at a time; a few more may wait in line,
// further ones are refused as overload, and so is who has waited for the helper's answer too long.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "sys/async.h"
#include "sys/clock.h"

namespace posada::access {

class AuthHelper {
 public:
  // `command`: the program with its first argument ({"/usr/bin/posada-worker", "auth"}).
  // The deadline is for machines that are starved of CPU: a hash needs a tenth of a second of it.
  AuthHelper(std::vector<std::string> command, sys::Executor executor,
             sys::Milliseconds deadline = sys::Milliseconds(30'000));

  // The helper's answer, an object with "ok" and, when false, "reason". Throws when the helper
  // itself fails: not found, no answer, or (Error::overloaded) killed at the deadline.
  sys::Async<json::object> ask(json::object question);

 private:
  class Turn;
  sys::Async<void> enter();
  void leave();

  std::vector<std::string> command_;
  sys::Executor executor_;
  sys::Milliseconds deadline_;
  std::size_t running_ = 0;
  std::deque<std::shared_ptr<sys::Event>> waiting_;
};

}  // namespace posada::access
