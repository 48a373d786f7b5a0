// Keeps the front process running: starts it, adopts the one that an earlier daemon started, and
// starts it anew when it ends. The front outlives the daemon, so that open consoles and downloads
// survive a restart; a front of another build is replaced. Its port is opened here, so that a port
// that is taken stops the node's start and is no line in the log of a node that nobody reaches.
#pragma once

#include <optional>

#include "app/settings.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace posada::app {

class FrontKeeper {
 public:
  FrontKeeper(const Settings& settings, sys::Clock& clock, sys::Executor executor);
  // Finds the running front, or opens the port; throws when it is taken. Before everything else
  // of the node, which would have to be taken down again.
  sys::Async<void> claim_port();
  // Throws when the program is missing.
  sys::Async<void> start();
  sys::Async<void> stop();  // of the keeping; the front goes on

 private:
  sys::Async<void> keep();
  sys::Fd listen() const;
  sys::Child launch(const sys::Fd& listener) const;
  sys::Async<std::optional<sys::Child>> find_running() const;
  void remember(const sys::Child& child) const;

  const Settings& settings_;
  sys::Clock& clock_;
  sys::Executor executor_;
  sys::Scope scope_;
  std::optional<sys::Child> child_;
  sys::Fd listener_;  // until the first front has it
};

std::string certificate_file(const Settings& settings);

// A self-signed certificate and key for this node, made on the first start. SHA-256 fingerprint in
// upper hex with colons.
sys::Async<std::string> ensure_certificate(const Settings& settings);

}  // namespace posada::app
