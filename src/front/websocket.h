// Consoles: a WebSocket on one side, the descriptor that the daemon handed over on the other. The
// daemon is not on the path and may restart meanwhile.
#pragma once

#include "front/call.h"
#include "front/daemon_link.h"
#include "sys/async.h"

namespace posada::front {

// Completes the upgrade and relays until one side ends, the console is taken over, or the client
// breaks a rule. Nothing can follow on the connection.
sys::Async<void> serve_websocket(Call& call, Answer answer);

}  // namespace posada::front
