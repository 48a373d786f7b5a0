// Copies and templates of guests, as far as they are the same for machines and containers.
#pragma once

#include <memory>

#include "guest/guests.h"

namespace posada::guest {

struct CopyClaims {
  Claim first, second;
};
// The target's number is free and stays so; the source keeps its config. With `still` it stays off
// or on as it is, too, with the disks that it has. Throws when the number is taken.
sys::Async<CopyClaims> claim_copy(std::shared_ptr<Guests> guests, task::Context& context,
                                  GuestId source, GuestId target, bool still);

// The guest is a template; its volumes have new names.
sys::Async<void> become_template(std::shared_ptr<Guests> guests, Record record, Values renamed,
                                 store::Transaction extra);

}  // namespace posada::guest
