// Copies a disk image into another by QEMU's own tool, descriptor to descriptor.
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/channel.h"
#include "sys/folder.h"
#include "sys/loop.h"
#include "sys/process.h"
#include "worker/works.h"

namespace posada::worker {
namespace {

constexpr int source_descriptor = 10;  // and up: the layers below
constexpr int target_descriptor = 9;

std::string descriptor_path(int number) {
  return fmt::format("/dev/fd/{}", number);
}

// The source with its layers as a block graph: QEMU follows no name that stands in an image.
json::object graph(const json::array& formats, std::size_t layer) {
  json::object node{
      {"driver", formats[layer]},
      {"file",
       json::object{{"driver", "file"},
                    {"filename", descriptor_path(source_descriptor + static_cast<int>(layer))},
                    {"locking", "off"}}}};
  if (formats[layer] == "raw") return node;
  if (layer + 1 < formats.size()) {
    node["backing"] = graph(formats, layer + 1);
  } else if (formats[layer] == "qcow2") {
    node["backing"] = nullptr;
  }
  return node;
}

sys::Async<void> end(sys::Child& child, int& status) {
  status = co_await child.wait();
}

// Reads "    (12.34/100%)\r" lines; what else is said is kept for an error.
void follow_output(const sys::Fd& output, Job& job, const sys::Child& child, std::string& said) {
  constexpr int terminate = 15;
  std::string text;
  char buffer[4096];
  while (const std::size_t count = sys::read_some(output, buffer, sizeof buffer)) {
    if (job.cancelled()) child.signal(terminate);
    text.append(buffer, count);
    for (std::size_t stop = text.find_first_of("\r\n"); stop != std::string::npos;
         stop = text.find_first_of("\r\n")) {
      const std::string_view line = trim(std::string_view(text).substr(0, stop));
      if (line.starts_with('(') && line.ends_with("/100%)")) {
        const double percent = std::strtod(std::string(line.substr(1)).c_str(), nullptr);
        job.progress(percent / 100, fmt::format("{:.0f} % copied", percent));
      } else if (!line.empty()) {
        said = line;
      }
      text.erase(0, stop + 1);
    }
  }
  if (!trim(text).empty()) said = trim(text);
}

}  // namespace

json::object copy(Job& job) {
  const json::array& formats = job.parameters().at("source-formats").as_array();
  const std::string target_format = parameter(job, "target-format");
  const sys::Fd target = job.take_descriptor(0);
  std::vector<sys::Fd> sources;
  for (std::size_t i = 0; i < formats.size(); ++i)
    sources.push_back(job.take_descriptor(static_cast<int>(i) + 1));

  sys::Command command;
  command.arguments = {"qemu-img",
                       "convert",
                       "-p",
                       "-n",
                       "--target-is-zero",
                       "-O",
                       target_format,
                       "json:" + json::serialize(graph(formats, 0)),
                       descriptor_path(target_descriptor)};
  auto [ours, theirs] = sys::socket_pair();
  command.descriptors = {{1, theirs.get()}, {2, theirs.get()}, {target_descriptor, target.get()}};
  for (std::size_t i = 0; i < sources.size(); ++i)
    command.descriptors[source_descriptor + static_cast<int>(i)] = sources[i].get();

  sys::Loop loop;
  sys::Child child = sys::spawn(loop.executor(), command);
  theirs.reset();
  std::string said;
  follow_output(ours, job, child, said);
  int status = 0;
  loop.run(end(child, status));
  job.check_cancelled();
  if (status != 0)
    throw Error::failed(
        "worker.copy",
        "copy failed: " +
            (said.empty() ? "qemu-img ended with status " + std::to_string(status) : said));
  sys::synchronize(target);
  job.progress(1, "copied");
  return {};
}

}  // namespace posada::worker
