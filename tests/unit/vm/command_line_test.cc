// What the conformance cases leave open: escaping, order, limits, and that old configs keep their
// hardware for ever.
#include "vm/command_line.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "vm/pci_address.h"

namespace posada::vm {
namespace {

guest::ConfigSection config(std::string_view text) {
  return guest::parse_config(text, grammar(), GuestId{100}, guest::Strictness::strict).config.main;
}

HostFacts host(bool accelerated = true) {
  HostFacts facts;
  facts.node = "n1";
  facts.qemu = Version::parse("7.2.22");
  facts.accelerated = accelerated;
  return facts;
}

Resources with_disks(const guest::ConfigSection& section) {
  Resources resources;
  resources.socket_folder = "/run/posada/100";
  for (const Drive& disk : drives(section)) {
    if (disk.file() != "none") {
      resources.disks[disk.key] = DiskSource{"/dev/fdset/1", "raw", false, false, true, "", 0, {}};
    }
  }
  return resources;
}

Invocation build(std::string_view text, bool accelerated = true) {
  const auto section = config(text);
  return command_line(GuestId{100}, section, host(accelerated), with_disks(section));
}

std::string devices(const Invocation& invocation) {
  std::string text;
  for (std::size_t i = invocation.chipset_devices; i < invocation.devices.size(); ++i) {
    const auto& device = invocation.devices[i];
    text += text_member(device, "driver").value_or("") + " " +
            text_member(device, "id").value_or("-") + " " +
            text_member(device, "bus").value_or("-") + " " +
            text_member(device, "addr").value_or("-") + "\n";
  }
  return text;
}

// Never edit the expectation: a guest that has this config finds this hardware.
TEST(CommandLine, AnOldConfigKeepsItsHardware) {
  const std::string golden =
      "pci-bridge pci.1 pci.0 0x1e\n"
      "pci-bridge pci.2 pci.0 0x1f\n"
      "pci-bridge pci.3 pci.0 0x5\n"
      "piix3-usb-uhci uhci pci.0 0x1.0x2\n"
      "usb-tablet tablet uhci.0 -\n"
      "VGA vga pci.0 0x2\n"
      "isa-serial - - -\n"
      "virtio-serial qga0 pci.0 0x8\n"
      "virtserialport - - -\n"
      "virtio-rng-pci - pci.1 0x1d\n"
      "i6300esb watchdog pci.0 0x4\n"
      "virtio-balloon-pci balloon0 pci.0 0x3\n"
      "ide-cd ide2 ide.1 -\n"
      "ahci ahci0 pci.0 0x7\n"
      "ide-hd sata1 ahci0.1 -\n"
      "virtio-scsi-pci virtioscsi0 pci.3 0x1\n"
      "scsi-hd scsi0 virtioscsi0.0 -\n"
      "virtio-scsi-pci virtioscsi3 pci.3 0x4\n"
      "scsi-hd scsi3 virtioscsi3.0 -\n"
      "virtio-blk-pci virtio0 pci.0 0xa\n"
      "virtio-blk-pci virtio6 pci.2 0x1\n"
      "virtio-net-pci net0 pci.0 0x12\n"
      "e1000 net6 pci.1 0x1\n";
  const std::string text =
      "agent: 1\nide2: none,media=cdrom\nmachine: pc-i440fx-7.2\n"
      "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0\nnet6: e1000=BC:24:11:00:00:02\n"
      "rng0: source=/dev/urandom\nsata1: local:1\nscsi0: local:2,iothread=1\nscsi3: local:3\n"
      "scsihw: virtio-scsi-single\nserial0: socket\nvirtio0: local:4\nvirtio6: local:5\n"
      "watchdog: model=i6300esb,action=reset\n";
  EXPECT_EQ(devices(build(text)), golden);
  // The order of lines in the text changes nothing.
  std::string reversed;
  std::string rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    reversed = rest.substr(0, end + 1) + reversed;
    rest.erase(0, end + 1);
  }
  EXPECT_EQ(devices(build(reversed)), golden);
}

TEST(CommandLine, EveryPciAddressIsTakenOnlyOnceForWhatCanMeet) {
  std::map<std::string, std::string> taken;
  std::vector<std::string> names = {"piix3", "vga",  "balloon0", "watchdog", "ahci0",  "qga0",
                                    "spice", "xhci", "rng0",     "ivshmem",  "audio0", "vga1",
                                    "vga2",  "vga3", "pci.1",    "pci.2",    "pci.4"};
  const std::vector<std::pair<std::string, int>> numbered = {
      {"virtio", 16}, {"net", 32}, {"hostpci", 16}, {"virtioscsi", 31}, {"scsihw", 5}};
  for (const auto& [name, count] : numbered) {
    for (int i = 0; i < count; ++i) {
      names.push_back(name + std::to_string(i));
    }
  }
  for (const std::string& name : names) {
    const auto address = pci_address(name);
    ASSERT_TRUE(address) << name;
    EXPECT_GE(address->slot, 1) << name;
    EXPECT_LE(address->slot, 31) << name;
    const auto [found, fresh] =
        taken.emplace(address->bus_name() + "/" + address->slot_text(), name);
    EXPECT_TRUE(fresh) << name << " meets " << found->second;
  }
  EXPECT_FALSE(pci_address("net32"));
  EXPECT_FALSE(pci_address("unheard-of"));
}

TEST(CommandLine, ACommaInAValueStaysInTheValue) {
  const auto invocation = build("smbios1: manufacturer=QSxC,base64=1\n");
  EXPECT_EQ(invocation.smbios.at("manufacturer"), "A,B");
  const auto arguments = invocation.arguments("qemu");
  EXPECT_NE(std::find(arguments.begin(), arguments.end(), "manufacturer=A,,B,type=1"),
            arguments.end());
}

TEST(CommandLine, EmulationTakesNoFlagsOfAHypervisor) {
  const auto invocation = build("cpu: host\nostype: win10\n", false);
  EXPECT_EQ(invocation.cpu.text(), "max");
  EXPECT_EQ(invocation.machine_options.at("accel"), "tcg");
  EXPECT_EQ(build("ostype: l26\n", false).cpu.text(), "qemu64");
}

TEST(CommandLine, AQcow2ImageNeverOpensANameThatItHolds) {
  const auto section = config("scsi0: local:1\n");
  const auto node = block_node(*drive(section, "scsi0"),
                               {"/dev/fdset/1", "qcow2", false, false, true, "", 0, {}}, "threads");
  EXPECT_TRUE(node.at("backing").is_null());
  const auto clone = block_node(*drive(section, "scsi0"),
                                {"/dev/fdset/1",
                                 "qcow2",
                                 false,
                                 false,
                                 true,
                                 "",
                                 0,
                                 {{"/dev/fdset/2", "raw", false, true, true, "", 0, {}}}},
                                "threads");
  EXPECT_EQ(*text_member(clone.at("backing").at("file").as_object(), "filename"), "/dev/fdset/2");
}

TEST(CommandLine, SpeedLimitsAreBytesAndOperationsASecond) {
  const auto section = config("scsi0: local:1,mbps_rd=1.5,iops_wr=100,iops_wr_max=200\n");
  const auto limits = io_limits(*drive(section, "scsi0"));
  EXPECT_EQ(limits.at("bps_rd").as_int64(), 1572864);
  EXPECT_EQ(limits.at("iops_wr").as_int64(), 100);
  EXPECT_EQ(limits.at("iops_wr_max").as_int64(), 200);
  EXPECT_TRUE(io_limits(*drive(config("scsi0: local:1\n"), "scsi0")).empty());
}

TEST(CommandLine, BootOrderNamesDevicesFromTheFirst) {
  const auto indices = boot_indices(config("boot: order=scsi1;net0\nscsi1: local:1\n"));
  EXPECT_EQ(indices.at("scsi1"), 100);
  EXPECT_EQ(indices.at("net0"), 101);
}

}  // namespace
}  // namespace posada::vm
