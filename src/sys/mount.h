// Mounts that only one process tree sees. A helper enters a mount namespace of its own, mounts a
// guest's volumes there and starts the guest in it; when the last process of the guest is gone the
// kernel drops the mounts and frees the loop devices, so a crash leaves nothing to clean up.
//
// Blocking; for helper processes with one thread. Nothing here is for the daemon.
#pragma once

#include <string>

#include "sys/fd.h"

namespace posada::sys {

// From here on mounts of this process are seen by it and its children only; what the host mounts
// or unmounts later still arrives.
void enter_private_mounts();

struct MountOptions {
  bool read_only = false;
  bool no_devices = false;
  bool no_programs = false;    // noexec
  bool no_privileges = false;  // nosuid
  bool no_access_times = false;
  std::string data;  // for the file system: "discard"
};

// /sys as the network namespace of this process shows it, with the mounts that lie on it. `scratch`
// is an empty folder. After enter_private_mounts and a change of the network namespace.
void renew_sysfs(const std::string& scratch);

// A tmpfs over `target`, which is made when absent.
void mount_memory(const std::string& target, unsigned mode);
// `source` (a folder) also at `target`.
void mount_folder(const std::string& source, const std::string& target,
                  const MountOptions& options);
// The file system inside an image file. Its loop device frees itself with the last mount.
void mount_image(const std::string& image, const std::string& type, const std::string& target,
                 const MountOptions& options);

}  // namespace posada::sys
