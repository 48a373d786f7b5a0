// The machine's disks: what sysfs and udev say about each, and what is on it by lsblk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct Disk {
  std::string path;    // "/dev/sda"
  std::string parent;  // of a partition
  std::uint64_t size = 0;
  std::string model = "unknown", vendor = "unknown", serial = "unknown", wwn = "unknown";
  std::string type = "unknown";  // hdd, ssd, nvme
  std::string by_id_link;
  std::string used;  // "mounted", "partitions", "LVM", "ZFS", a file system; empty: not in use
  int rpm = -1;      // 0: does not turn
  bool gpt = false;
  bool mounted = false;
};

// Whole disks in the order of their names; loop devices, RAM disks and optical drives are none.
// With `partitions` each disk's are listed after it.
sys::Async<std::vector<Disk>> disks(Host& host, bool partitions);

// Pure: facts of udev's lines ("E:ID_MODEL=…", "S:disk/by-id/…") put into the disk.
void apply_udev(Disk& disk, std::string_view text);
// Pure: `lsblk --json` as it is asked here.
std::vector<Disk> parse_lsblk(std::string_view text, bool partitions);

}  // namespace posada::host
