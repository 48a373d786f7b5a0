// Takes an upload from the front's socket: chunks of a length (u32, little endian) and bytes;
// length 0 says that the file is complete (base/frames.h).
#include <fmt/format.h>

#include "base/error.h"
#include "sys/folder.h"
#include "worker/incoming.h"
#include "worker/works.h"

namespace posada::worker {
namespace {

constexpr std::uint32_t largest_chunk = 4 * 1024 * 1024;

constexpr int cancel_interval = 500;  // ms

// Exactly `bytes.size()` bytes; false at the end of the stream.
bool read_exactly(const sys::Fd& socket, std::string& bytes, const Job& job) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    while (!sys::readable_within(socket, cancel_interval)) job.check_cancelled();
    const std::size_t count = sys::read_some(socket, bytes.data() + done, bytes.size() - done);
    if (count == 0) return false;
    done += count;
  }
  return true;
}

}  // namespace

json::object upload(Job& job) {
  const sys::Fd socket = job.take_descriptor(0);
  IncomingFile file(job);
  job.log("receiving '" + parameter(job, "file") + "'");
  std::string header(4, '\0');
  std::string chunk;
  for (;;) {
    job.check_cancelled();
    if (!read_exactly(socket, header, job))
      throw Error::failed("worker.upload-cut", "upload aborted: the connection ended after " +
                                                   std::to_string(file.size()) + " bytes");
    std::uint32_t length = 0;
    for (int i = 3; i >= 0; --i)
      length = length << 8 | static_cast<unsigned char>(header[static_cast<std::size_t>(i)]);
    if (length == 0) break;
    if (length > largest_chunk)
      throw Error::failed("worker.upload-chunk", "upload aborted: a chunk is too large");
    chunk.resize(length);
    if (!read_exactly(socket, chunk, job))
      throw Error::failed("worker.upload-cut", "upload aborted: the connection ended after " +
                                                   std::to_string(file.size()) + " bytes");
    file.write(chunk);
    job.progress(0, fmt::format("{} MiB received", file.size() >> 20));
  }
  file.finish(job);
  job.log(fmt::format("finished file import of {} bytes", file.size()));
  return {{"bytes", file.size()}};
}

}  // namespace posada::worker
