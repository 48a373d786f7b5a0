// Keeps the front process running: starts it, adopts the one that an earlier daemon started, and
// starts it anew when it ends. The front outlives the daemon, so that open consoles and downloads
// survive a restart; a front of another build is replaced.
#pragma once

#include <optional>

#include "app/settings.h"
#include "sys/clock.h"
#include "sys/process.h"

namespace posada::app {

class FrontKeeper {
 public:
  FrontKeeper(const Settings& settings, sys::Clock& clock, sys::Executor executor);
  // Throws when the port is taken or the program is missing.
  sys::Async<void> start();
  sys::Async<void> stop();  // of the keeping; the front goes on

 private:
  sys::Async<void> keep();
  sys::Child launch() const;
  std::optional<sys::Child> find_running() const;
  void remember(const sys::Child& child) const;

  const Settings& settings_;
  sys::Clock& clock_;
  sys::Executor executor_;
  sys::Scope scope_;
  std::optional<sys::Child> child_;
};

std::string certificate_file(const Settings& settings);

// A self-signed certificate and key for this node, made on the first start. SHA-256 fingerprint in
// upper hex with colons.
sys::Async<std::string> ensure_certificate(const Settings& settings);

}  // namespace posada::app
