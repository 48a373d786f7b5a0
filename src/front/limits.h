// The front's limits on what one client, one address and all of them may take.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace posada::front {

using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t max_header_lines = 64;
constexpr std::size_t max_head_bytes = 16 * 1024;
constexpr std::size_t max_body_bytes = 1024 * 1024;
constexpr std::size_t max_parameters = 4096;
constexpr std::size_t max_json_depth = 32;

constexpr Milliseconds head_time{10'000};      // from the first byte (or the connection's start)
constexpr Milliseconds idle_time{30'000};      // between requests, and without progress inside one
constexpr Milliseconds body_time{60'000};      // for the whole of a body, uploads excepted
constexpr Milliseconds greeting_time{10'000};  // a terminal's first line
constexpr Milliseconds linger_time{2'000};     // reading on after a refusal, so that it arrives

constexpr std::size_t max_connections = 1000;
// A script that asks for hundreds of things at once is one address, and so is an office.
constexpr std::size_t max_connections_per_address = 400;
// Connections beyond these that are told so, each for a short time; beyond that they are dropped.
constexpr std::size_t max_refused_connections = 64;
constexpr Milliseconds refusal_time{5'000};
// Answers held back (a failed sign-in takes three seconds); beyond that the connection is closed.
constexpr std::size_t max_delayed_answers = 256;

// How long a request waits for a daemon that restarts, and how many may wait.
constexpr Milliseconds daemon_wait{5'000};
constexpr std::size_t max_waiting_requests = 1000;

constexpr std::size_t gzip_threshold = 1024;
constexpr std::size_t max_gzip_bytes = 8 * 1024 * 1024;  // larger bodies travel as they are
constexpr std::size_t transfer_bytes = 64 * 1024;        // one read of a stream or a file

constexpr std::size_t max_websocket_message = 128 * 1024;
constexpr std::size_t max_greeting_bytes = 4 * 1024;

constexpr std::size_t max_part_head_bytes = 8 * 1024;
constexpr std::size_t max_upload_fields_bytes = 64 * 1024;

}  // namespace posada::front
