// What the handlers of containers share.
#pragma once

#include "api/call.h"
#include "base/error.h"
#include "ct/containers.h"

namespace posada::api {

inline GuestId container_id(std::int64_t number) {
  return GuestId{static_cast<std::uint32_t>(number)};
}

inline ct::Caller container_caller(const Call& call) {
  return {call.identity, call.request};
}

inline ct::Containers& containers(const Call& call) {
  if (!call.services.containers)
    throw Error::failed("ct.unavailable", "containers need a node that runs as root");
  return *call.services.containers;
}

inline json::value container_upid(const task::Upid& upid) {
  return json::string(upid.text());
}

}  // namespace posada::api
