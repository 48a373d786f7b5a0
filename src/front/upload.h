// An upload: the fields before the file become parameters, the file's bytes go through a socket
// pair to whoever the daemon gives the other end to; they never pass the daemon.
//
// The other end reads chunks (base/frames.h). It may be slow: then the client waits. It may close:
// then the daemon's answer says why. A client that is cut off leaves a stream without its last,
// empty chunk.
#pragma once

#include <string>

#include "front/call.h"
#include "front/request.h"
#include "sys/async.h"

namespace posada::front {

sys::Async<void> serve_upload(Call& call, const ApiAddress& address, const std::string& query);

}  // namespace posada::front
