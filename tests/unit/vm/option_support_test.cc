// Every option of the config, as the API description lists them, takes effect, serves an operation,
// or is refused with a text that says so. The list is made from the description, so a new option
// that nobody thought of fails here.
#include "vm/option_support.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/property_formats.h"
#include "vm/command_line.h"

namespace posada::vm {
namespace {

std::string table_name(std::string_view key) {
  static const std::set<std::string_view> buses = {"ide",    "sata",    "scsi",
                                                   "virtio", "efidisk", "tpmstate"};
  // Its number says which table of the firmware it is.
  const auto parts = key == "smbios1" ? std::nullopt : guest::split_number(key);
  const std::string base = parts ? parts->first : std::string(key);
  return buses.contains(base) && base != "tpmstate" ? "disk" : base;
}

const PropertyFormat* parts_of(const Member& member) {
  if (member.rule == nullptr) return nullptr;
  if (member.rule->properties != nullptr) return member.rule->properties;
  for (const PropertyFormat* format : formats::all()) {
    if (!member.rule->format.empty() && format->name == member.rule->format) return format;
  }
  return nullptr;
}

// Keys of the texts, and parts of their property strings.
std::set<std::string> declared_options() {
  static const std::set<std::string_view> not_in_texts = {"digest", "snaptime", "cdrom", "smp"};
  std::set<std::string> result;
  for (const Member* member : shapes::qemu_config) {
    if (not_in_texts.contains(member->name)) continue;
    const std::string name = table_name(member->name);
    result.insert(name);
    const PropertyFormat* format = parts_of(*member);
    // What ran, as a snapshot notes it, has the parts of `machine`.
    if (format == nullptr || name == "runningmachine") continue;
    for (const Member* part : format->members) {
      if (part->alias.empty()) result.insert(name + "." + std::string(part->name));
    }
  }
  return result;
}

using guest::Treatment;

void refuse_unsupported(const guest::ConfigSection& config) {
  guest::refuse_unsupported(config, unsupported, "vm");
}

const std::map<std::string, Treatment, std::less<>>& table() {
  static const std::map<std::string, Treatment, std::less<>> result = [] {
    std::map<std::string, Treatment, std::less<>> rows;
    for (const auto& row : options()) rows.emplace(row.name, row.treatment);
    return rows;
  }();
  return result;
}

bool is_refused(const std::string& option) {
  const auto row = table().find(option.substr(0, option.find('.')));
  return row != table().end() && row->second == Treatment::refused;
}

TEST(OptionSupport, EveryDeclaredOptionHasARow) {
  for (const std::string& option : declared_options()) {
    // What is refused as a whole needs no row for each part.
    EXPECT_TRUE(table().contains(option) || is_refused(option)) << option;
  }
  const auto declared = declared_options();
  for (const auto& [option, treatment] : table()) {
    EXPECT_TRUE(declared.contains(option)) << option << " is not declared";
  }
}

guest::ConfigSection section(std::string_view text) {
  return guest::parse_config(text, grammar(), GuestId{100}, guest::Strictness::strict).config.main;
}

std::vector<std::string> arguments(std::string_view text) {
  const auto config = section(text);
  HostFacts host;
  host.node = "n1";
  host.qemu = Version::parse("7.2.22");
  host.accelerated = true;
  Resources resources;
  for (const Drive& disk : drives(config)) {
    if (disk.file() != "none") {
      resources.disks[disk.key] = DiskSource{"/dev/fdset/1", "raw", false, false, true, "", 0, {}};
    }
  }
  return command_line(GuestId{100}, config, host, resources).arguments("qemu");
}

struct Sample {
  std::string without, with;
};

// For every option that changes the hardware: a config without it, and one with it.
const std::map<std::string, Sample>& samples() {
  static const std::string disk = "scsihw: virtio-scsi-single\nscsi0: local:100/a.raw";
  static const std::string uuid = "uuid=11111111-2222-3333-4444-555555555555";
  static const auto part = [](const std::string& before, const std::string& more) {
    return Sample{before + "\n", before + more + "\n"};
  };
  static const std::map<std::string, Sample> result = {
      {"acpi", {"", "acpi: 0\n"}},
      {"agent", {"", "agent: 1\n"}},
      {"agent.enabled", {"agent: 0\n", "agent: 1\n"}},
      {"agent.type", part("agent: 1", ",type=isa")},
      {"allow-ksm", {"", "allow-ksm: 0\n"}},
      {"arch", {"", ""}},  // one architecture is all there is: the others are refused
      {"args", {"", ""}},  // added by the start; see the contract tests
      {"audio", {"", "audio0: device=AC97\n"}},
      {"audio.device", {"audio0: device=AC97\n", "audio0: device=intel-hda\n"}},
      {"balloon", {"", "balloon: 0\n"}},
      {"bios", {"", "bios: ovmf\n"}},
      {"boot", {disk + "\nboot: n\n", disk + "\nboot: order=scsi0\n"}},
      {"boot.legacy",
       {disk + "\nbootdisk: scsi0\nboot: n\n", disk + "\nbootdisk: scsi0\nboot: c\n"}},
      {"boot.order", {disk + "\nboot: n\n", disk + "\nboot: order=scsi0\n"}},
      {"bootdisk", {disk + "\n", disk + "\nbootdisk: scsi0\n"}},
      {"cores", {"", "cores: 2\n"}},
      {"cpu", {"", "cpu: host\n"}},
      {"cpu.cputype", {"", "cpu: cputype=Haswell\n"}},
      {"cpu.flags", part("cpu: kvm64", ",flags=+aes")},
      {"cpu.guest-phys-bits", part("cpu: kvm64", ",guest-phys-bits=40")},
      {"cpu.hidden", part("cpu: kvm64", ",hidden=1")},
      {"cpu.hv-vendor-id", part("ostype: win10\ncpu: kvm64", ",hv-vendor-id=abc")},
      {"cpu.level", part("cpu: kvm64", ",level=30")},
      {"cpu.phys-bits", part("cpu: kvm64", ",phys-bits=40")},
      {"disk", {"", disk + "\n"}},
      {"disk.aio", part(disk, ",aio=threads")},
      {"disk.cache", part(disk, ",cache=unsafe")},
      {"disk.detect_zeroes", part(disk, ",detect_zeroes=0")},
      {"disk.discard", part(disk, ",discard=on")},
      {"disk.efitype", part("bios: ovmf\nefidisk0: local:100/a.raw", ",efitype=4m")},
      {"disk.file", {"", disk + "\n"}},
      {"disk.iothread", part(disk, ",iothread=1")},
      {"disk.media", part(disk, ",media=cdrom")},
      {"disk.model", part("ide0: local:100/a.raw", ",model=abc")},
      {"disk.pre-enrolled-keys",
       part("machine: q35\nbios: ovmf\nefidisk0: local:100/a.raw,efitype=4m",
            ",pre-enrolled-keys=1")},
      {"disk.product", part(disk, ",product=abc")},
      {"disk.queues", part(disk, ",queues=4")},
      {"disk.rerror", part(disk, ",rerror=stop")},
      {"disk.ro", part(disk, ",ro=1")},
      {"disk.serial", part(disk, ",serial=abc")},
      {"disk.ssd", part(disk, ",ssd=1")},
      {"disk.vendor", part(disk, ",vendor=abc")},
      {"disk.werror", part(disk, ",werror=stop")},
      {"disk.wwn", part(disk, ",wwn=0x5000c50015ea71aa")},
      {"hotplug", {"numa: 1\nmemory: 2048\n", "numa: 1\nmemory: 2048\nhotplug: memory\n"}},
      {"hugepages", part("numa: 1", "\nhugepages: 2")},
      {"keyboard", {"", "keyboard: de\n"}},
      {"kvm", {"", "kvm: 0\n"}},
      {"localtime", {"", "localtime: 1\n"}},
      {"machine", {"", "machine: q35\n"}},
      {"machine.aw-bits", part("machine: q35,viommu=intel", ",aw-bits=48")},
      {"machine.enable-s3", part("machine: q35", ",enable-s3=0")},
      {"machine.enable-s4", part("machine: pc", ",enable-s4=0")},
      {"machine.type", {"", "machine: q35\n"}},
      {"machine.viommu", part("machine: q35", ",viommu=virtio")},
      {"memory", {"", "memory: 1024\n"}},
      {"memory.current", {"", "memory: current=1024\n"}},
      {"name", {"", "name: abc\n"}},
      {"net", {"", "net0: virtio=BC:24:11:00:00:01\n"}},
      {"net.macaddr", {"net0: virtio=BC:24:11:00:00:01\n", "net0: virtio=BC:24:11:00:00:02\n"}},
      {"net.model", {"net0: virtio=BC:24:11:00:00:01\n", "net0: e1000=BC:24:11:00:00:01\n"}},
      {"net.mtu", part("net0: virtio=BC:24:11:00:00:01", ",mtu=1400")},
      {"net.queues", part("net0: virtio=BC:24:11:00:00:01", ",queues=2")},
      {"numa", {"", "numa: 1\n"}},
      {"numa.cpus",
       {"numa: 1\ncores: 2\nnuma0: cpus=0,memory=512\n",
        "numa: 1\ncores: 2\nnuma0: cpus=0-1,memory=512\n"}},
      {"numa.hostnodes", part("numa: 1\nnuma0: cpus=0,memory=512", ",hostnodes=0")},
      {"numa.memory", {"numa: 1\n", "numa: 1\nmemory: 256\nnuma0: cpus=0,memory=256\n"}},
      {"numa.policy", part("numa: 1\nnuma0: cpus=0,memory=512,hostnodes=0", ",policy=bind")},
      {"ostype", {"", "ostype: win10\n"}},
      {"reboot", {"", "reboot: 0\n"}},
      {"rng", {"", "rng0: source=/dev/urandom\n"}},
      {"rng.max_bytes", part("rng0: source=/dev/urandom", ",max_bytes=1")},
      {"rng.period", part("rng0: source=/dev/urandom", ",period=1")},
      {"rng.source", {"rng0: source=/dev/urandom\n", "rng0: source=/dev/random\n"}},
      {"scsihw", {"scsi0: local:100/a.raw\n", "scsi0: local:100/a.raw\nscsihw: megasas\n"}},
      {"serial", {"", "serial0: socket\n"}},
      {"smbios1", {"", "smbios1: " + uuid + "\n"}},
      {"smbios1.base64", {"smbios1: family=QUJD\n", "smbios1: family=QUJD,base64=1\n"}},
      {"smbios1.family", part("smbios1: " + uuid, ",family=QUJD,base64=1")},
      {"smbios1.manufacturer", part("smbios1: " + uuid, ",manufacturer=QUJD,base64=1")},
      {"smbios1.product", part("smbios1: " + uuid, ",product=QUJD,base64=1")},
      {"smbios1.serial", part("smbios1: " + uuid, ",serial=QUJD,base64=1")},
      {"smbios1.sku", part("smbios1: " + uuid, ",sku=QUJD,base64=1")},
      {"smbios1.uuid", {"", "smbios1: " + uuid + "\n"}},
      {"smbios1.version", part("smbios1: " + uuid, ",version=QUJD,base64=1")},
      {"sockets", {"", "sockets: 2\n"}},
      {"startdate", {"", "startdate: 2006-06-17\n"}},
      {"tablet", {"", "tablet: 0\n"}},
      {"tdf", {"", "tdf: 1\n"}},
      {"usb", {"", "usb0: host=spice\n"}},
      {"usb.host", {"", "usb0: host=spice\n"}},
      {"usb.usb3", part("usb0: host=spice", ",usb3=1")},
      {"vcpus", part("cores: 4", "\nvcpus: 2")},
      {"vga", {"", "vga: cirrus\n"}},
      {"vga.clipboard", part("vga: std", ",clipboard=vnc")},
      {"vga.memory", part("vga: std", ",memory=32")},
      {"vga.type", {"", "vga: type=virtio\n"}},
      {"vmgenid", {"", "vmgenid: 11111111-2222-3333-4444-555555555555\n"}},
      {"watchdog", {"", "watchdog: i6300esb\n"}},
      {"watchdog.action", part("watchdog: i6300esb", ",action=reset")},
      {"watchdog.model", {"watchdog: i6300esb\n", "watchdog: ib700\n"}},
  };
  return result;
}

TEST(OptionSupport, WhatIsHardwareChangesTheCommandLine) {
  for (const auto& [option, treatment] : table()) {
    if (treatment != Treatment::hardware) continue;
    SCOPED_TRACE(option);
    const auto found = samples().find(option);
    ASSERT_NE(found, samples().end()) << "there is no sample";
    if (option == "arch" || option == "args") continue;
    EXPECT_NE(arguments(found->second.without), arguments(found->second.with));
  }
}

TEST(OptionSupport, WhatIsSetThroughTheMonitorIsALimitOfADisk) {
  for (const auto& [option, treatment] : table()) {
    if (treatment != Treatment::monitor || !option.starts_with("disk.")) continue;
    const std::string name = option.substr(5);
    // A burst's length needs its burst.
    const std::string base = name.substr(0, name.find("_length"));
    std::string without = "local:100/a.raw,";
    without += name.starts_with("iops") ? "mbps=3" : "iops=5";
    if (name != base) {
      const bool bytes = base.starts_with("bps");
      without += bytes ? ",m" + base + "=2" : "," + base + "=20";
    }
    const auto before = io_limits(parse_drive("scsi0", without));
    const auto after = io_limits(parse_drive("scsi0", without + "," + name + "=7"));
    EXPECT_NE(before, after) << option;
  }
}

TEST(OptionSupport, WhatIsRefusedSaysThatItIsNotSupportedYet) {
  const std::map<std::string, std::pair<std::string, std::string>> refused = {
      {"amd-sev", {"amd-sev", "type=std"}},
      {"disk.scsiblock", {"scsi0", "local:100/a.raw,scsiblock=1"}},
      {"disk.snapshot", {"scsi0", "local:100/a.raw,snapshot=1"}},
      {"hostpci", {"hostpci0", "host=01:00.0"}},
      {"intel-tdx", {"intel-tdx", "type=tdx"}},
      {"ivshmem", {"ivshmem", "size=32"}},
      {"net.rate", {"net0", "virtio=BC:24:11:00:00:01,rate=1"}},
      {"net.tag", {"net0", "virtio=BC:24:11:00:00:01,tag=5"}},
      {"net.trunks", {"net0", "virtio=BC:24:11:00:00:01,trunks=5"}},
      {"parallel", {"parallel0", "/dev/parport0"}},
      {"spice_enhancements", {"spice_enhancements", "foldersharing=1"}},
      {"tpmstate", {"tpmstate0", "local:100/a.raw"}},
      {"usb.mapping", {"usb0", "mapping=stick"}},
      {"virtiofs", {"virtiofs0", "dirid=share"}},
  };
  for (const auto& [option, treatment] : table()) {
    if (treatment != Treatment::refused) continue;
    if (option.find('.') != std::string::npos && is_refused(option)) continue;
    const auto sample = refused.find(option);
    ASSERT_NE(sample, refused.end()) << option << " has no sample";
    const auto& [key, value] = sample->second;
    const auto reason = unsupported(key, value);
    ASSERT_TRUE(reason) << option;
    EXPECT_NE(reason->find("not supported yet"), std::string::npos) << *reason;
    guest::ConfigSection config;
    config.values[key] = value;
    EXPECT_THROW(refuse_unsupported(config), Error) << option;
  }
}

TEST(OptionSupport, AnOrdinaryMachineIsNotRefused) {
  EXPECT_NO_THROW(refuse_unsupported(
      section("agent: 1\nballoon: 512\ncores: 2\nide2: local:iso/a.iso,media=cdrom\nmemory: 1024\n"
              "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1\nnuma: 0\nostype: l26\n"
              "scsi0: local:100/vm-100-disk-0.raw,discard=on,iothread=1,size=8G,ssd=1\n"
              "scsihw: virtio-scsi-single\nserial0: socket\nvga: serial0\n")));
  EXPECT_TRUE(unsupported("arch", "aarch64"));
  EXPECT_TRUE(unsupported("serial0", "/dev/ttyS0"));
  EXPECT_TRUE(unsupported("vga", "virtio-gl"));
  EXPECT_TRUE(unsupported("scsi0", "local:100/vm-100-disk-0.raw,format=qcow2"));
}

}  // namespace
}  // namespace posada::vm
