// The way to the daemon: one channel, reconnected when the daemon restarts, and the questions that
// are on it.
//
// A question asked while there is no daemon waits for it a few seconds. When the daemon goes away
// with a question unanswered, a GET is asked again, since it changes nothing; for anything else
// nobody knows whether it was carried out, and the client is told so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/frames.h"
#include "front/refusal.h"
#include "sys/async.h"
#include "sys/channel.h"
#include "sys/clock.h"

namespace posada::front {

struct Answer {
  ResponseFrame frame;
  sys::Fd descriptor;  // body or console, when the frame has one
};

// One question. Shared by the session that asked and the link.
class Exchange {
 public:
  explicit Exchange(sys::Executor executor) : settled_(std::move(executor)) {}

  // Returns when there is an answer or a refusal, or when the question was abandoned.
  sys::Async<void> wait() { return settled_.wait(); }
  bool settled() const { return settled_.is_set(); }
  bool abandoned() const { return abandoned_; }
  // Whether it ended in a refusal or in an answer that is an error.
  bool failed() const;
  // Called when that happens.
  void on_failure(std::function<void()> call) { on_failure_ = std::move(call); }
  // The answer; throws the Refusal. Once, after `wait`, unless abandoned.
  Answer take();

 private:
  friend class DaemonLink;
  std::uint64_t id_ = 0;
  std::string packed_;  // kept while the question may be asked again
  sys::Fd upload_;
  bool repeatable_ = false;
  bool sent_ = false;
  bool abandoned_ = false;
  sys::BootTime expires_{0};
  std::optional<Answer> answer_;
  std::optional<Refusal> refusal_;
  std::function<void()> on_failure_;
  sys::Event settled_;
};

class DaemonLink {
 public:
  DaemonLink(sys::Executor executor, sys::Clock& clock, std::string socket_path);

  // Connects, reads answers and connects again, until stopped.
  sys::Async<void> run();
  // The frame's id is set here. `upload` goes along when it is open.
  sys::Async<std::shared_ptr<Exchange>> ask(RequestFrame frame, sys::Fd upload = {});
  // The client has gone: the daemon is told, the answer dropped.
  void abandon(const std::shared_ptr<Exchange>& exchange);
  // Refuses the questions that have waited for a daemon too long.
  void sweep(sys::BootTime now);
  bool connected() const { return channel_ != nullptr; }

 private:
  sys::Async<void> connect_and_serve();
  sys::Async<void> send(std::shared_ptr<Exchange> exchange);
  void on_response(sys::Received received);
  void on_disconnected();
  void settle(std::uint64_t id, std::optional<Answer> answer, std::optional<Refusal> refusal);

  sys::Executor executor_;
  sys::Clock& clock_;
  std::string socket_path_;
  std::shared_ptr<sys::Channel> channel_;
  bool reported_absence_ = false;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Exchange>> open_;
  sys::Scope cancels_;
};

}  // namespace posada::front
