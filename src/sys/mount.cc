#include "sys/mount.h"

#include <cerrno>

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace posada::sys {

namespace {

constexpr int attempts = 64;  // another process may take the free loop device first

unsigned long flags_of(const MountOptions& options) {
  unsigned long flags = 0;
  if (options.read_only) flags |= MS_RDONLY;
  if (options.no_devices) flags |= MS_NODEV;
  if (options.no_programs) flags |= MS_NOEXEC;
  if (options.no_privileges) flags |= MS_NOSUID;
  if (options.no_access_times) flags |= MS_NOATIME;
  return flags;
}

struct LoopDevice {
  Fd device;
  std::string path;
};

LoopDevice attach_loop(const std::string& image, bool read_only) {
  const Fd file(::open(image.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW));
  if (!file) throw_errno("open " + image);
  const Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) throw_errno("open /dev/loop-control");
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) throw_errno("find a free loop device");
    LoopDevice loop;
    loop.path = "/dev/loop" + std::to_string(number);
    loop.device = Fd(::open(loop.path.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC));
    if (!loop.device) throw_errno("open " + loop.path);
    loop_config config{};
    config.fd = static_cast<__u32>(file.get());
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0U);
    if (::ioctl(loop.device.get(), LOOP_CONFIGURE, &config) == 0) return loop;
    if (errno != EBUSY) throw_errno("attach " + image + " to " + loop.path);
  }
  throw system_error("attach " + image + " to a loop device", EBUSY);
}

}  // namespace

void enter_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) throw_errno("make a mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    throw_errno("keep mounts from the host");
}

void renew_sysfs(const std::string& scratch) {
  if (::mount("sysfs", scratch.c_str(), "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    throw_errno("mount a sysfs at " + scratch);
  for (const char* below : {"/fs/cgroup", "/kernel/security"}) {
    const std::string from = std::string("/sys") + below;
    const std::string to = scratch + below;
    if (::access(to.c_str(), F_OK) != 0) continue;
    if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
      throw_errno("mount " + from + " at " + to);
  }
  if (::mount(scratch.c_str(), "/sys", nullptr, MS_BIND | MS_REC, nullptr) != 0)
    throw_errno("mount " + scratch + " at /sys");
  // Left where it is: a second sysfs hurts nobody and a detached one would take its mounts along.
}

void mount_memory(const std::string& target, unsigned mode) {
  if (::mkdir(target.c_str(), mode) != 0 && errno != EEXIST) throw_errno("make " + target);
  const std::string data = "mode=0755,size=1m";
  if (::mount("posada", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, data.c_str()) != 0)
    throw_errno("mount a tmpfs at " + target);
}

void mount_folder(const std::string& source, const std::string& target,
                  const MountOptions& options) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0)
    throw_errno("mount " + source + " at " + target);
  const unsigned long flags = flags_of(options);
  if (flags != 0 &&
      ::mount(nullptr, target.c_str(), nullptr, MS_BIND | MS_REMOUNT | flags, nullptr) != 0)
    throw_errno("set the options of " + target);
}

void mount_image(const std::string& image, const std::string& type, const std::string& target,
                 const MountOptions& options) {
  const LoopDevice loop = attach_loop(image, options.read_only);
  if (::mount(loop.path.c_str(), target.c_str(), type.c_str(), flags_of(options),
              options.data.c_str()) != 0)
    throw_errno("mount " + image + " at " + target);
}

}  // namespace posada::sys
