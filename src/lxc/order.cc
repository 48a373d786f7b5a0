#include "lxc/order.h"

#include "base/error.h"
#include "sys/file.h"
#include "sys/folder.h"

namespace posada::lxc {

namespace {

Mount mount_from(const json::object& object) {
  Mount mount;
  mount.source = json::value_to<std::string>(object.at("source"));
  mount.name = json::value_to<std::string>(object.at("name"));
  mount.image = object.at("image").as_bool();
  const auto flag = [&](const char* key) {
    const json::value* value = object.if_contains(key);
    return value && value->as_bool();
  };
  mount.options.read_only = flag("read_only");
  mount.options.no_devices = flag("nodev");
  mount.options.no_programs = flag("noexec");
  mount.options.no_privileges = flag("nosuid");
  mount.options.no_access_times = flag("noatime");
  mount.options.data = text_member(object, "data").value_or("");
  return mount;
}

}  // namespace

Order read_order(const std::string& folder) {
  Order order;
  order.folder = folder;
  const std::size_t slash = folder.rfind('/');
  if (slash == std::string::npos || slash + 1 == folder.size())
    throw Error::failed("lxc.order", "'" + folder + "' is no run folder of a container");
  order.name = folder.substr(slash + 1);
  const json::object object = json::parse(sys::read_file(folder + "/order.json")).as_object();
  order.instance = json::value_to<std::string>(object.at("instance"));
  order.network = text_member(object, "network").value_or("");
  order.ids.first = static_cast<unsigned>(integer_member(object, "id_first").value_or(0));
  order.ids.count = static_cast<unsigned>(integer_member(object, "id_count").value_or(0));
  for (const json::value& mount : object.at("mounts").as_array())
    order.mounts.push_back(mount_from(mount.as_object()));
  if (const json::value* setup = object.if_contains("setup"))
    order.setup = rootfs::setup_from(setup->as_object());
  return order;
}

void show_run_folder(const Order& order) {
  sys::enter_private_mounts();
  sys::mount_memory(mount_root, 0755);
  const std::string target = order.lxc_path() + "/" + order.name;
  sys::make_directories(target);
  sys::mount_folder(order.folder, target, {});
  if (order.network.empty()) return;
  // liblxc looks for bridges in /sys, which is that of the namespace in which it was mounted.
  const std::string scratch = std::string(mount_root) + "/sys";
  sys::make_directories(scratch);
  sys::renew_sysfs(scratch);
}

void mount_volumes(const Order& order) {
  for (const Mount& mount : order.mounts) {
    const std::string target = std::string(mount_root) + "/" + mount.name;
    sys::make_directories(target);
    if (mount.image)
      sys::mount_image(mount.source, "ext4", target, mount.options);
    else
      sys::mount_folder(mount.source, target, mount.options);
  }
}

void prepare_files(const Order& order) {
  if (!order.setup) return;
  for (const Mount& mount : order.mounts) {
    if (mount.name == "rootfs" && mount.options.read_only) return;
  }
  const sys::Fd answer = sys::anonymous_file("prepare");
  const int status =
      sys::run_inside(order.ids, std::string(mount_root) + "/rootfs", [&order, &answer] {
        try {
          rootfs::prepare_start(rootfs::Files(""), *order.setup, rootfs::real_chance());
          return 0;
        } catch (const Error& error) {
          sys::write_all(answer, error.what());
          return 1;
        }
      });
  if (status == 0) return;
  const std::string reason = sys::read_at(answer, 4096, 0);
  throw Error::failed("lxc.files", "unable to prepare the container's files: " +
                                       (reason.empty() ? "the helper ended" : reason));
}

}  // namespace posada::lxc
