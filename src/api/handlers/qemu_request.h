// What the handlers of virtual machines share.
#pragma once

#include "api/call.h"
#include "vm/machines.h"

namespace posada::api {

inline GuestId guest_id(std::int64_t number) {
  return GuestId{static_cast<std::uint32_t>(number)};
}

inline vm::Caller caller(const Call &call) {
  return {call.identity, call.request};
}

inline vm::Machines &machines(const Call &call) {
  return *call.services.machines;
}

inline json::value upid_text(const task::Upid &upid) {
  return json::string(upid.text());
}

} // namespace posada::api
