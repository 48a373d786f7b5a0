// Bodies that are not whole in memory: files and streams from a descriptor to the client, as fast
// as the slower of the two.
#pragma once

#include <cstdint>

#include "front/call.h"
#include "front/reply.h"
#include "sys/async.h"
#include "sys/fd.h"

namespace posada::front {

// `length` bytes from the file's position. A file that ends early breaks the connection, so that
// the client notices. Reading goes through a pool: a dead network disk stops no other client.
sys::Async<void> send_file(Call& call, Reply reply, sys::Fd file, std::uint64_t length);

// Until the stream's end; every piece leaves at once. The descriptor is closed when the client
// goes.
sys::Async<void> send_stream(Call& call, Reply reply, sys::Fd source);

}  // namespace posada::front
