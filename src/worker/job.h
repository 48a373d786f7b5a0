// One piece of work of a worker, and how the worker speaks to the daemon (task/worker.h says what
// lies in the folder). The work itself is a blocking function on a thread of its own; the main
// thread listens for cancel and for daemons that connect.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/json.h"
#include "sys/fd.h"

namespace posada::worker {

class Job {
 public:
  virtual ~Job() = default;
  virtual const json::object& parameters() const = 0;
  // The n-th descriptor of the order, from 0; throws when there is none. May be taken once.
  virtual sys::Fd take_descriptor(int number) = 0;
  virtual void log(const std::string& text) = 0;
  virtual void warn(const std::string& text) = 0;
  // At most a few times a second reach the daemon; call as often as you like.
  virtual void progress(double fraction, const std::string& message) = 0;
  virtual bool cancelled() const = 0;
  void check_cancelled() const;  // throws Cancelled
};

// What the work returns becomes the task's result. Throws Error or Cancelled.
using Work = std::function<json::object(Job&)>;
using Works = std::map<std::string, Work, std::less<>>;

// Runs a job to its end; the process's exit status.
int run_job(const Works& works, int argc, char** argv);

// A required text of the parameters; throws Error when it is missing.
std::string parameter(const Job& job, const char* name);

}  // namespace posada::worker
