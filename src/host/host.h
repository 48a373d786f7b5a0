// This machine, as its administrator sees it: name resolution, time, logs, services, packages,
// disks, devices, certificates, power. One header for each subject; each function takes the Host.
//
// The API calls it; it knows nothing of guests and storages. Files are read and written here,
// programs are run through `programs` with a deadline; what may block runs on `pool`, never on the
// loop. Errors name what is missing on the machine and how to get it.
//
// A node under a folder of its own (`--root`) shares the machine with other nodes: `owns_machine`
// is false, what it changes lies below its own folder, and what would hit the whole machine
// (reboot, services, packages) is refused.
#pragma once

#include <memory>
#include <string>

#include "host/programs.h"
#include "sys/async.h"
#include "sys/clock.h"

namespace posada::host {

struct Places {
  std::string etc = "/etc";  // read and written
  std::string fallback_etc;  // read where `etc` has no such file; empty: none
  std::string sysfs = "/sys";
  std::string proc = "/proc";
  std::string run = "/run";
  std::string machine_log = "/var/log";
  std::string share = "/usr/share";
  std::string own_log;  // the daemon's own log file
  bool owns_machine = true;
};

struct Host {
  Host(std::string own_name, Places where, Programs& runner, sys::Clock& time)
      : node(std::move(own_name)), places(std::move(where)), programs(runner), clock(time) {}

  std::string node;
  Places places;
  Programs& programs;
  sys::Clock& clock;
  sys::Pool pool{"host", 1, 64};

  // A file of /etc as it counts for this node; empty when there is none.
  std::string read_etc(const std::string& name) const;
  // Where a change of it goes. Throws when another program keeps the file.
  std::string writable_etc(const std::string& name) const;
  // The machine's own /etc, which may be that of other nodes as well.
  const std::string& machine_etc() const;
  bool has_systemd() const;
  // Throws unless this node may change the machine; `what` completes "this node cannot …".
  void require_machine(const std::string& what) const;
};

}  // namespace posada::host
