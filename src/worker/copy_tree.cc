// Copies what is in one container's volume into another, empty one, with owners, modes, links,
// attributes and holes as they are.
//
// Parameters: source and target (folders, or images with an ext4 file system), source_image and
// target_image. Both are mounted in a mount namespace of this worker, so whatever ends it leaves
// no mount. The source is not written to.
#include "base/error.h"
#include "base/text.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/loop.h"
#include "sys/mount.h"
#include "sys/process.h"
#include "worker/works.h"

namespace posada::worker {
namespace {

constexpr const char* mount_root = "/run/posada-lxc";  // lxc/order.h
constexpr int look_again = 200;                        // milliseconds

std::string show(const Job& job, const char* name, bool image, bool read_only) {
  const std::string place = std::string(mount_root) + "/" + name;
  sys::make_directories(place);
  sys::MountOptions options;
  options.read_only = read_only;
  options.no_devices = options.no_programs = options.no_privileges = true;
  if (image)
    sys::mount_image(parameter(job, name), "ext4", place, options);
  else
    sys::mount_folder(parameter(job, name), place, options);
  return place;
}

sys::Async<void> wait_for(sys::Child& child, int& status) {
  status = co_await child.wait();
}

}  // namespace

json::object copy_tree(Job& job) {
  const json::object& order = job.parameters();
  sys::enter_private_mounts();
  sys::mount_memory(mount_root, 0755);
  const std::string source = show(job, "source", order.at("source_image").as_bool(), true);
  const std::string target = show(job, "target", order.at("target_image").as_bool(), false);

  sys::Command command;
  command.arguments = {
      "cp",          "--archive", "--sparse=auto", "--reflink=auto", "--one-file-system",
      source + "/.", target + "/"};
  auto [ours, theirs] = sys::socket_pair();
  command.descriptors = {{1, theirs.get()}, {2, theirs.get()}};
  sys::Loop loop;
  sys::Child child = sys::spawn(loop.executor(), command);
  theirs.reset();
  std::string said;
  for (;;) {
    if (job.cancelled()) child.signal(9);
    if (!sys::readable_within(ours, look_again)) continue;
    char block[4096];
    const std::size_t count = sys::read_some(ours, block, sizeof block);
    if (count == 0) break;
    if (said.size() < sizeof block) said.append(block, count);
  }
  int status = 0;
  loop.run(wait_for(child, status));
  job.check_cancelled();
  if (status != 0) throw Error::failed("worker.copy", "copy failed: " + std::string(trim(said)));
  sys::synchronize(sys::open_directory(target));
  job.progress(1, "copied");
  return {};
}

}  // namespace posada::worker
