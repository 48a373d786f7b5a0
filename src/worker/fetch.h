// HTTP and HTTPS downloads by libcurl. The address is judged after the name was resolved and at
// each redirect, at the moment of connecting, so that no name can lead to the inside.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "worker/job.h"

namespace posada::worker {

struct FetchOptions {
  std::string url;
  bool verify_certificates = true;
  bool allow_private_addresses = false;
  bool head_only = false;
};

struct FetchFacts {
  std::string file;  // the last segment of the final URL, or the name that the server gives
  std::optional<std::uint64_t> bytes;
  std::string mime_type;
};

// `write` gets the body. Throws Error with what went wrong; Cancelled when the job was.
FetchFacts fetch(const FetchOptions& options, Job& job,
                 const std::function<void(std::string_view)>& write);

}  // namespace posada::worker
