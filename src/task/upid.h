// The name of a task: UPID:NODE:PID:PSTART:STARTTIME:TYPE:ID:USER:
//
// Tasks run inside the daemon, so pid and pstart are numbers of ours: pid lies above the largest
// pid of any kernel (nobody can kill something by it) and pid + pstart are unique while the
// daemon lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace posada::task {

struct Upid {
  std::string node;
  std::uint32_t pid = 0;
  std::uint64_t pstart = 0;
  std::uint32_t start_time = 0;  // Unix seconds
  std::string type;              // "qmstart"
  std::string id;                // "100", may be empty
  Identity user;

  std::string text() const;
  // Nothing when the text is no UPID.
  static std::optional<Upid> parse(std::string_view text);
  auto operator<=>(const Upid&) const = default;
};

}  // namespace posada::task
