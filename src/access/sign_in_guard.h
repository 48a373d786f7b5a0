// Slows down whoever guesses passwords: counts attempts by account and by source address, and
// refuses further ones for a time that doubles, before anything is hashed.
//
// An attempt counts when it begins, so that a thousand at once count as a thousand; a success takes
// it back. Waits are capped, so that nobody can lock a user out for long by guessing at his
// account. Refusals look like wrong passwords on the wire; `code()` tells them apart for the log.
// In memory only and bounded; intervals are boot time. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sys/clock.h"

namespace posada::access {

// Total time after which the answer to a failed sign-in may leave.
inline constexpr std::int64_t failed_sign_in_delay_ms = 3000;

class SignInGuard {
 public:
  explicit SignInGuard(const sys::Clock& clock) : clock_(clock) {}

  // Throws the Error of a failed sign-in (`access.locked`) when the account or the source must
  // wait; otherwise counts the attempt.
  void admit(std::string_view account, std::string_view address);
  // The attempt that was admitted last for these succeeded.
  void succeeded(std::string_view account, std::string_view address);

 private:
  struct Record {
    int attempts = 0;
    sys::BootTime last{0};
  };
  struct Policy {
    int free_attempts;
    std::chrono::seconds longest_wait;
  };
  using Records = std::map<std::string, Record, std::less<>>;

  bool must_wait(const Records& records, const std::string& name, const Policy& policy) const;
  static void make_room(Records& records, sys::BootTime now);
  void count(Records& records, const std::string& name);

  static constexpr Policy account_policy{10, std::chrono::seconds(60)};
  static constexpr Policy address_policy{50, std::chrono::seconds(300)};

  const sys::Clock& clock_;
  Records accounts_;
  Records addresses_;
};

}  // namespace posada::access
