// One client's connection from the handshake to its end: requests one after another, each parsed,
// served and logged. Owns the stream; spawned and joined by the server.
#pragma once

#include <memory>

#include "base/frames.h"
#include "front/call.h"
#include "front/stream.h"
#include "sys/async.h"

namespace posada::front {

// Never throws: whatever goes wrong ends this connection only.
sys::Async<void> serve_client(Services& services, std::shared_ptr<Stream> stream, Peer peer);

// A connection that there is no room for: its first request is answered 503, whatever it is.
sys::Async<void> refuse_client(Services& services, std::shared_ptr<Stream> stream, Peer peer,
                               std::string reason);

}  // namespace posada::front
