// From a config to QEMU's command line. Pure: what the host offers and what the start has opened
// come in as values, so every device of every config can be tested without QEMU.
//
// Disks, cards and devices are JSON (-blockdev, -netdev, -device); what QEMU 7.2 does not take as
// JSON (-machine, -cpu, -smp, -smbios, -chardev) goes through escaped(). The same functions give
// the devices that are plugged into a running guest.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "guest/config_text.h"
#include "vm/config.h"
#include "vm/cpu_model.h"
#include "vm/machine_type.h"

namespace posada::vm {

// How QEMU reaches the bytes of one disk.
struct DiskSource {
  std::string file;    // "/dev/fdset/3"; for people the path
  std::string format;  // "raw", "qcow2", "vmdk"
  bool block_device = false;
  bool read_only = false;
  bool direct_io = true;            // the file system can bypass the page cache
  std::string default_aio;          // empty: the host's
  std::uint64_t limit_bytes = 0;    // expose no more than this (firmware variables); 0: all
  std::vector<DiskSource> backing;  // layers below, nearest first
};

struct NetSource {
  std::vector<int> taps;    // descriptors in QEMU; none: user mode
  std::vector<int> vhosts;  // as many as taps, or none
  bool isolated = false;    // user mode without a way out
};

struct HostFacts {
  std::string node;
  Version qemu;
  bool accelerated = false;  // KVM
  std::string default_aio = "io_uring";
  CustomCpus custom_cpus;
  std::function<unsigned(std::string_view bridge)> bridge_mtu;  // 0 or no function: not known
  std::string firmware_folder = "/usr/share/OVMF";
};

// What the start has opened, by config key ("scsi0", "net0") or channel name.
struct Resources {
  std::map<std::string, DiskSource, std::less<>> disks;  // a cdrom without an entry is empty
  std::map<std::string, NetSource, std::less<>> nets;
  // Listening sockets as descriptors in QEMU: "qmp", "qmp-worker", "qga", "serial0" …; a channel
  // that is not here is written with `socket_path` (for people).
  std::map<std::string, int, std::less<>> sockets;
  std::string socket_folder;  // for people
  // Sets of descriptors that -add-fd hands over: set number → descriptors in QEMU.
  std::vector<std::pair<int, int>> descriptor_sets;
  std::optional<DiskSource> firmware_code;
};

using Option = std::pair<std::string, std::string>;  // an empty value: no argument

struct Invocation {
  MachineType machine;
  CpuModel cpu;
  std::map<std::string, std::string> machine_options;  // without the type
  std::map<std::string, std::string> smp;              // "_" is the first, bare number
  std::string memory;
  std::map<std::string, std::string> smbios;
  std::vector<Option> numa;
  std::map<std::string, std::string> globals;
  std::map<std::string, std::string> rtc;
  std::vector<json::object> objects, blockdevs, netdevs, devices, audiodevs;
  std::size_t chipset_devices = 0;  // the first ones of `devices` that q35 always has
  std::vector<Option> others;       // in order: -chardev, -add-fd, …
  std::vector<std::string> warnings;

  std::vector<std::string> arguments(std::string_view program) const;
};

// Throws Error with the texts that clients know when the config cannot be had.
Invocation command_line(GuestId guest, const guest::ConfigSection& config, const HostFacts& host,
                        const Resources& resources);

// Parts of it, for hot plug as well. A device and what must exist before it.
struct Plugged {
  std::vector<json::object> objects;
  std::vector<json::object> controllers;  // devices that other disks may share
  std::optional<json::object> backend;    // blockdev or netdev
  json::object device;
};
Plugged disk_device(const guest::ConfigSection& config, const MachineType& machine,
                    const HostFacts& host, const Drive& drive,
                    const std::optional<DiskSource>& source);
Plugged net_device(const guest::ConfigSection& config, const MachineType& machine,
                   const HostFacts& host, std::string_view key, const NetSource& source);
json::object block_node(const Drive& drive, const DiskSource& source, std::string_view default_aio);
// Speed limits of a disk as the arguments of block_set_io_throttle.
json::object io_limits(const Drive& drive);

// Boot index by device key, from `boot` and `bootdisk`.
std::map<std::string, int, std::less<>> boot_indices(const guest::ConfigSection& config);

// QEMU's old option syntax: a comma in a value is doubled.
std::string escaped(std::string_view value);

// `vga` with its type, `std` when it does not say.
guest::Properties display(const guest::ConfigSection& config);
// Which firmware file `bios: ovmf` with this efidisk needs: "OVMF_CODE_4M.fd"; and the template of
// its variables with the size of both.
struct Firmware {
  std::string code, variables;
  std::uint64_t variable_bytes = 0;
};
Firmware firmware_files(const guest::ConfigSection& config);

}  // namespace posada::vm
