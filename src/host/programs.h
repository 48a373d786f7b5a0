// The programs of the machine that this module asks and orders. Everything that runs one takes a
// Programs, so that tests see what would be run and answer for it.
#pragma once

#include <string>
#include <vector>

#include "sys/process.h"

namespace posada::host {

struct Run {
  std::vector<std::string> arguments;  // [0] is the program
  std::map<std::string, std::string> environment = {};
  sys::Milliseconds deadline{20'000};
  std::size_t limit = 4 * 1024 * 1024;  // bytes of output that are kept
};

class Programs {
 public:
  virtual ~Programs() = default;
  // Any exit status. Throws when the program cannot be started or does not end in time; one that
  // is not installed is Error `host.program-missing` and names the Debian package that has it.
  virtual sys::Async<sys::Finished> run(Run run) = 0;
};

class SystemPrograms final : public Programs {
 public:
  sys::Async<sys::Finished> run(Run run) override;
};

// What a program that must end well has written. Throws `PROGRAM failed: LAST LINE`.
sys::Async<std::string> output_of(Programs& programs, Run run);

// The Debian package that has the program; the program's own name where nothing else is known.
std::string package_of(std::string_view program);
Error program_missing(const std::string& program);

}  // namespace posada::host
