// Keeps the front process running: starts it, adopts the one that an earlier daemon started, and
// starts it anew when it ends. The front outlives the daemon, so that open consoles and downloads
// survive a restart; a front of another build is replaced. Its port is opened here, so that a port
// that is taken stops the node's start and is no line in the log of a node that nobody reaches.
#pragma once

#include <optional>
#include <string>

#include "app/settings.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace posada::app {

class FrontKeeper {
 public:
  // `certificate` is the file of key and chain; its folder is there when the front starts.
  FrontKeeper(const Settings& settings, std::string certificate, sys::Clock& clock,
              sys::Executor executor);
  // Finds the running front, or opens the port; throws when it is taken. Before everything else
  // of the node, which would have to be taken down again.
  sys::Async<void> claim_port();
  // Throws when the program is missing.
  sys::Async<void> start();
  // A front that does not listen to signals yet ends by it, and the next one reads the new file.
  void reload_certificate() const;
  sys::Async<void> stop();  // of the keeping; the front goes on

 private:
  sys::Async<void> keep();
  sys::Fd listen() const;
  sys::Child launch(const sys::Fd& listener) const;
  sys::Async<std::optional<sys::Child>> find_running() const;
  void remember(const sys::Child& child) const;

  const Settings& settings_;
  const std::string certificate_;
  sys::Clock& clock_;
  sys::Executor executor_;
  sys::Scope scope_;
  std::optional<sys::Child> child_;
  sys::Fd listener_;  // until the first front has it
};

}  // namespace posada::app
