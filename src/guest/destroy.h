// Removing a guest, the same for machines and containers. The config goes first, in one
// transaction with the claim of its number; from then on the removal can only go forward: what a
// crash leaves is finished by the journal.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "guest/guests.h"

namespace posada::guest {

// Checks at once; the rest is a task.
task::Upid destroy(std::shared_ptr<Guests> guests, Caller caller, GuestId id, Deletion deletion);

// The journal's entry "vm.destroy" or "ct.destroy".
sys::Async<std::string> finish_destroy(std::shared_ptr<Guests> guests, json::object details);

}  // namespace posada::guest
