// Calls of the API from the command line, over root's socket of the node. The caller's rights are
// those that the kernel vouches for; no password is asked.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "api/schema.h"
#include "app/settings.h"
#include "base/frames.h"
#include "base/json.h"
#include "sys/channel.h"
#include "sys/loop.h"

namespace posada::app {

struct CallResult {
  json::object envelope;  // "data", "total" …
  json::value& data() { return envelope["data"]; }
};

enum class TaskEnd {
  ok,  // with or without warnings
  failed,
  left,  // a person has stopped watching; it goes on
};

class Client {
 public:
  explicit Client(Settings settings);
  ~Client();

  std::string node() const;  // as a path names the node that answers
  const Settings& settings() const { return settings_; }
  sys::Loop& loop();

  // Throws Error with the daemon's sentence, code and parameters.
  CallResult call(api::Verb verb, std::vector<std::string> path, json::object parameters);
  sys::Async<CallResult> call_async(api::Verb verb, std::vector<std::string> path,
                                    json::object parameters);
  sys::Fd open_console(std::vector<std::string> path, json::object parameters);

  // Follows a task to its end with its log on `log`. The first Ctrl-C stops the task, the second
  // one leaves it to itself.
  TaskEnd follow_task(const std::string& upid, std::FILE* log);

 private:
  struct Reply;
  Reply exchange(RequestFrame frame);
  sys::Async<void> exchange_async(RequestFrame frame, Reply& reply);
  sys::Async<void> connect();
  Error unreachable(const Error& reason) const;

  Settings settings_;
  sys::Loop loop_;
  std::unique_ptr<sys::Channel> channel_;
  std::uint64_t next_id_ = 1;
};

}  // namespace posada::app
