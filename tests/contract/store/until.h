// Waiting for a condition on the loop, with a deadline.
#pragma once

#include <functional>
#include <string>

#include "sys/async.h"

namespace posada::store::testing {

// Throws when the condition does not come true within the time.
sys::Async<void> until(std::function<bool()> holds, std::string what,
                       std::chrono::seconds time = std::chrono::seconds(20));

}  // namespace posada::store::testing
