// What the daemon asks of posada-lxc about one container, as a file in the container's run folder:
//
//   RUN/order.json    this order (0600)
//   RUN/config        liblxc's configuration
//   RUN/started.json  written by `posada-lxc start` when the container runs: its processes
//   RUN/lxc.log       liblxc's own messages about the last start
//
// The run folder's last part is the container's name for liblxc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rootfs/setup.h"
#include "sys/mount.h"
#include "sys/namespaces.h"

namespace posada::lxc {

// Where posada-lxc mounts the volumes of its one container, in a mount namespace of its own; an
// empty folder for everybody else. It must be a path that the container's root may walk through,
// which the folders of a node need not be.
constexpr const char* mount_root = "/run/posada-lxc";

struct Mount {
  std::string source;
  bool image = false;  // a file with a file system in it; otherwise a folder
  std::string name;    // folder below mount_root: "rootfs", "mp0"
  sys::MountOptions options;
};

struct Order {
  std::string folder;    // RUN
  std::string name;      // of the container for liblxc
  std::string instance;  // of the node: tells containers of two nodes apart
  std::string lxc_path() const { return std::string(mount_root) + "/" + instance; }
  std::string network;  // network namespace, "/run/netns/…"; empty: the host's
  sys::IdRange ids;
  std::vector<Mount> mounts;
  std::optional<rootfs::Setup> setup;  // nothing: the guest's files stay as they are
};

Order read_order(const std::string& folder);
// Makes RUN appear below `lxc_path()`, in a new mount namespace of this process: the container's
// root must be able to reach liblxc's path, and a node's run folder is closed to everybody.
void show_run_folder(const Order& order);
// Mounts the order's volumes below mount_root; after show_run_folder.
void mount_volumes(const Order& order);
// Writes into the root folder what the setup says, as the container's own root. After
// mount_volumes; a root folder that is read-only stays as it is.
void prepare_files(const Order& order);

}  // namespace posada::lxc
