#include "access/auth_helper.h"

#include <algorithm>

#include "base/error.h"
#include "sys/process.h"

namespace posada::access {
namespace {

constexpr std::size_t max_running = 2;
constexpr std::size_t max_waiting = 64;
constexpr std::size_t max_answer_bytes = 16 * 1024;

Error helper_failed(std::string_view why) {
  std::string text = "the sign-in helper failed: ";
  return Error::failed("access.helper-failed", text.append(why));
}

}  // namespace

// A place among the running; given back whatever happens.
class AuthHelper::Turn {
 public:
  explicit Turn(AuthHelper& helper) : helper_(helper) {}
  ~Turn() { helper_.leave(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  AuthHelper& helper_;
};

AuthHelper::AuthHelper(std::vector<std::string> command, sys::Executor executor,
                       sys::Milliseconds deadline)
    : command_(std::move(command)), executor_(std::move(executor)), deadline_(deadline) {}

sys::Async<void> AuthHelper::enter() {
  if (running_ < max_running) {
    ++running_;
    co_return;
  }
  if (waiting_.size() >= max_waiting) {
    throw Error::overloaded("too many sign-ins at once, try again in a few seconds");
  }
  auto turn = std::make_shared<sys::Event>(executor_);
  waiting_.push_back(turn);
  // Cancelled while it waits: out of the line; cancelled with the turn in hand: hand it on.
  struct Abandon {
    AuthHelper& helper;
    std::shared_ptr<sys::Event> turn;
    bool taken = false;
    ~Abandon() {
      if (taken) return;
      if (turn->is_set()) {
        helper.leave();
      } else {
        std::erase(helper.waiting_, turn);
      }
    }
  } abandon{*this, turn};
  co_await turn->wait();
  abandon.taken = true;
}

void AuthHelper::leave() {
  if (waiting_.empty()) {
    --running_;
    return;
  }
  waiting_.front()->set();  // the place goes to the next in line
  waiting_.pop_front();
}

sys::Async<json::object> AuthHelper::ask(json::object question) {
  co_await enter();
  const Turn turn(*this);
  sys::Command command;
  command.arguments = command_;
  // PAM modules may be setuid helpers (unix_chkpwd) where the node runs without root.
  command.no_new_privileges = false;
  sys::Finished finished;
  try {
    finished = co_await sys::run(command, json::serialize(question), deadline_, max_answer_bytes);
  } catch (const Error& failure) {
    if (failure.code() != "sys.deadline") throw;
    throw Error::overloaded("this machine is too busy to check a password, try again in a moment");
  }
  json::error_code error;
  const json::value answer = json::parse(finished.output, error);
  if (error || !answer.is_object() || !answer.as_object().contains("ok")) {
    throw helper_failed(finished.errors.empty() ? "it gave no answer" : finished.errors);
  }
  co_return answer.as_object();
}

}  // namespace posada::access
