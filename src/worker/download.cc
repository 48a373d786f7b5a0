// Fetches a file from a URL into a storage, or only asks what is there.
#include <fmt/format.h>

#include "base/error.h"
#include "worker/fetch.h"
#include "worker/incoming.h"
#include "worker/works.h"

namespace posada::worker {
namespace {

FetchOptions options_of(const Job& job) {
  FetchOptions options;
  options.url = parameter(job, "url");
  options.verify_certificates = integer_member(job.parameters(), "verify").value_or(1) != 0;
  options.allow_private_addresses = integer_member(job.parameters(), "private").value_or(0) != 0;
  return options;
}

}  // namespace

json::object download(Job& job) {
  IncomingFile file(job);
  job.log(fmt::format("downloading {} to {}", parameter(job, "url"), parameter(job, "file")));
  fetch(options_of(job), job, [&](std::string_view bytes) { file.write(bytes); });
  job.log(fmt::format("download of {} bytes finished", file.size()));
  file.finish(job);
  return {{"bytes", file.size()}};
}

json::object query_url(Job& job) {
  FetchOptions options = options_of(job);
  options.head_only = true;
  const FetchFacts facts = fetch(options, job, [](std::string_view) {});
  json::object out{{"file", facts.file}, {"mime", facts.mime_type}};
  if (facts.bytes) out["bytes"] = *facts.bytes;
  return out;
}

}  // namespace posada::worker
