#include "host/disks.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::host {
namespace {

std::string member(const json::object& row, std::string_view name) {
  return std::string(trim(text_member(row, name).value_or("")));
}

// Anything of the disk or below it that is mounted.
bool has_mount(const json::object& row) {
  if (const json::value* points = row.if_contains("mountpoints"); points && points->is_array()) {
    for (const json::value& point : points->get_array()) {
      if (point.is_string()) return true;
    }
  }
  return false;
}

const json::array* children_of(const json::object& row) {
  const json::value* children = row.if_contains("children");
  return children != nullptr && children->is_array() ? &children->get_array() : nullptr;
}

std::string use_of(const json::object& row, bool whole_disk) {
  const std::string system = member(row, "fstype");
  if (has_mount(row)) return "mounted";
  if (system == "LVM2_member") return "LVM";
  if (system == "zfs_member") return "ZFS";
  if (system == "linux_raid_member") return "mdraid";
  if (!system.empty()) return system;
  if (const json::array* children = children_of(row)) {
    for (const json::value& child : *children) {
      const std::string use = use_of(child.as_object(), false);
      if (use == "LVM" || use == "ZFS") return use;
    }
    return whole_disk ? "partitions" : "Device Mapper";
  }
  return {};
}

Disk disk_from(const json::object& row, const std::string& parent) {
  Disk disk;
  disk.path = member(row, "path");
  disk.parent = parent;
  disk.size = static_cast<std::uint64_t>(integer_member(row, "size").value_or(0));
  const auto take = [&](std::string& into, std::string_view name) {
    if (std::string value = member(row, name); !value.empty()) into = std::move(value);
  };
  if (parent.empty()) {
    take(disk.model, "model");
    take(disk.vendor, "vendor");
    take(disk.serial, "serial");
  }
  take(disk.wwn, "wwn");
  const bool turns = member(row, "rota") == "1";
  disk.type = disk.path.starts_with("/dev/nvme") ? "nvme" : turns ? "hdd" : "ssd";
  disk.rpm = turns ? -1 : 0;
  disk.gpt = member(row, "pttype") == "gpt";
  disk.used = use_of(row, parent.empty());
  disk.mounted = disk.used == "mounted";
  return disk;
}

bool is_whole_disk(const json::object& row) {
  const std::string name = member(row, "name");
  return member(row, "type") == "disk" && !name.starts_with("zram") && !name.starts_with("nbd") &&
         !name.starts_with("rbd") && !name.starts_with("ram");
}

}  // namespace

std::vector<Disk> parse_lsblk(std::string_view text, bool partitions) {
  std::vector<Disk> result;
  const json::value whole = json::parse(text);
  for (const json::value& value : whole.at("blockdevices").as_array()) {
    const json::object& row = value.as_object();
    if (!is_whole_disk(row)) continue;
    result.push_back(disk_from(row, ""));
    const json::array* children = partitions ? children_of(row) : nullptr;
    if (children == nullptr) continue;
    const std::string parent = result.back().path;
    for (const json::value& child : *children) {
      if (member(child.as_object(), "type") != "part") continue;
      result.push_back(disk_from(child.as_object(), parent));
    }
  }
  return result;
}

void apply_udev(Disk& disk, std::string_view text) {
  std::string serial, short_serial;
  for (const std::string& line : split(text, '\n')) {
    if (line.size() < 3) continue;
    const std::string rest(trim(std::string_view(line).substr(2)));
    if (line.starts_with("S:") && disk.by_id_link.empty() && rest.starts_with("disk/by-id/") &&
        !rest.starts_with("disk/by-id/wwn-")) {
      disk.by_id_link = "/dev/" + rest;
    }
    const std::size_t equals = rest.find('=');
    if (!line.starts_with("E:") || equals == std::string::npos) continue;
    const std::string key = rest.substr(0, equals), value = rest.substr(equals + 1);
    if (value.empty()) continue;
    if (key == "ID_MODEL" && disk.model == "unknown") disk.model = value;
    if (key == "ID_VENDOR" && disk.vendor == "unknown") disk.vendor = value;
    if (key == "ID_WWN") disk.wwn = value;
    if (key == "ID_SERIAL_SHORT") short_serial = value;
    if (key == "ID_SERIAL") serial = value;
    if (key == "ID_PART_TABLE_TYPE") disk.gpt = value == "gpt";
    if (key == "ID_ATA_ROTATION_RATE_RPM")
      disk.rpm = static_cast<int>(to_integer(value).value_or(-1));
  }
  if (disk.serial == "unknown") {
    disk.serial = !short_serial.empty() ? short_serial : serial.empty() ? "unknown" : serial;
  }
}

sys::Async<std::vector<Disk>> disks(Host& host, bool partitions) {
  Run run{
      .arguments = {"lsblk", "--json", "--bytes", "--tree", "--output",
                    "NAME,PATH,TYPE,SIZE,MODEL,VENDOR,SERIAL,WWN,ROTA,PTTYPE,FSTYPE,MOUNTPOINTS,"
                    "MAJ:MIN"}};
  const std::string text = co_await output_of(host.programs, std::move(run));
  std::vector<Disk> result = parse_lsblk(text, partitions);
  // udev's own record of a disk says more, where udev runs.
  co_return co_await host.pool.run([places = host.places, result]() mutable {
    for (Disk& disk : result) {
      const std::string name = disk.path.substr(disk.path.rfind('/') + 1);
      const auto number = sys::read_file_if_exists(places.sysfs + "/class/block/" + name + "/dev");
      if (!number) continue;
      const auto record =
          sys::read_file_if_exists(places.run + "/udev/data/b" + std::string(trim(*number)));
      if (record) apply_udev(disk, *record);
    }
    return result;
  });
}

}  // namespace posada::host
