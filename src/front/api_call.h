// A request to the API: from HTTP to a question to the daemon, and its answer back.
#pragma once

#include <optional>
#include <string>

#include "front/call.h"
#include "front/daemon_link.h"
#include "front/request.h"
#include "sys/async.h"

namespace posada::front {

// Serves one request below /api2. `read_body` has been done: `body` is whole. Refusals leave as
// exceptions, with `format` set as soon as it is known.
sys::Async<void> serve_api(Call& call, const ApiAddress& address, const std::string& query,
                           std::string body);

// The question without its parameters. Throws Refusal 403 when a foreign page is behind it.
RequestFrame question(const Call& call, const ApiAddress& address);

// Waits for the answer while the client stays; throws ClientGone when it goes.
sys::Async<Answer> wait_answer(Call& call, std::shared_ptr<Exchange> exchange);

// Sends what the daemon answered, with whatever body it has but a console.
sys::Async<void> send_answer(Call& call, Format format, Answer answer);

}  // namespace posada::front
