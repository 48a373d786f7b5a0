#include "vm/option_support.h"

#include "base/error.h"
#include "base/text.h"
#include "storage/volume_id.h"
#include "vm/config.h"

namespace posada::vm {

using guest::property;
using guest::property_integer;

namespace {

using enum guest::Treatment;

constexpr guest::Option option_table[] = {
    {"acpi", hardware},
    {"affinity", host},
    {"agent", hardware},
    {"agent.enabled", hardware},
    {"agent.freeze-fs", feature},
    {"agent.fstrim_cloned_disks", feature},
    {"agent.type", hardware},
    {"allow-ksm", hardware},
    {"amd-sev", refused, "", "memory encryption is not supported yet"},
    {"arch", hardware},
    {"args", hardware},
    {"audio", hardware},
    {"audio.device", hardware},
    {"audio.driver", note},
    {"autostart", note},
    {"balloon", hardware},
    {"bios", hardware},
    {"boot", hardware},
    {"boot.legacy", hardware},
    {"boot.order", hardware},
    {"bootdisk", hardware},
    {"cicustom", feature},
    {"cicustom.meta", feature},
    {"cicustom.network", feature},
    {"cicustom.user", feature},
    {"cicustom.vendor", feature},
    {"cipassword", feature},
    {"citype", feature},
    {"ciupgrade", feature},
    {"ciuser", feature},
    {"cores", hardware},
    {"cpu", hardware},
    {"cpu.cputype", hardware},
    {"cpu.flags", hardware},
    {"cpu.guest-phys-bits", hardware},
    {"cpu.hidden", hardware},
    {"cpu.hv-vendor-id", hardware},
    {"cpu.level", hardware},
    {"cpu.phys-bits", hardware},
    {"cpu.reported-model", note},
    {"cpulimit", host},
    {"cpuunits", host},
    {"description", note},
    {"disk", hardware},
    {"disk.aio", hardware},
    {"disk.backup", feature},
    {"disk.bps", monitor},
    {"disk.bps_max_length", monitor},
    {"disk.bps_rd", monitor},
    {"disk.bps_rd_max_length", monitor},
    {"disk.bps_wr", monitor},
    {"disk.bps_wr_max_length", monitor},
    {"disk.cache", hardware},
    {"disk.detect_zeroes", hardware},
    {"disk.discard", hardware},
    {"disk.efitype", hardware},
    {"disk.file", hardware},
    {"disk.format", note},
    {"disk.iops", monitor},
    {"disk.iops_max", monitor},
    {"disk.iops_max_length", monitor},
    {"disk.iops_rd", monitor},
    {"disk.iops_rd_max", monitor},
    {"disk.iops_rd_max_length", monitor},
    {"disk.iops_wr", monitor},
    {"disk.iops_wr_max", monitor},
    {"disk.iops_wr_max_length", monitor},
    {"disk.iothread", hardware},
    {"disk.mbps", monitor},
    {"disk.mbps_max", monitor},
    {"disk.mbps_rd", monitor},
    {"disk.mbps_rd_max", monitor},
    {"disk.mbps_wr", monitor},
    {"disk.mbps_wr_max", monitor},
    {"disk.media", hardware},
    {"disk.model", hardware},
    {"disk.ms-cert", note},
    {"disk.pre-enrolled-keys", hardware},
    {"disk.product", hardware},
    {"disk.queues", hardware},
    {"disk.replicate", feature},
    {"disk.rerror", hardware},
    {"disk.ro", hardware},
    {"disk.scsiblock", refused, "0", "a disk of the host is not supported yet"},
    {"disk.serial", hardware},
    {"disk.shared", feature},
    {"disk.size", note},
    {"disk.snapshot", refused, "0", "changes that are thrown away are not supported yet"},
    {"disk.ssd", hardware},
    {"disk.vendor", hardware},
    {"disk.werror", hardware},
    {"disk.wwn", hardware},
    {"freeze", monitor},
    {"hookscript", feature},
    {"hostpci", refused, "", "PCI devices of the host are not supported yet"},
    {"hotplug", hardware},
    {"hugepages", hardware},
    {"intel-tdx", refused, "", "memory encryption is not supported yet"},
    {"ipconfig", feature},
    {"ipconfig.gw", feature},
    {"ipconfig.gw6", feature},
    {"ipconfig.ip", feature},
    {"ipconfig.ip6", feature},
    {"ivshmem", refused, "", "shared memory is not supported yet"},
    {"keephugepages", note},
    {"keyboard", hardware},
    {"kvm", hardware},
    {"localtime", hardware},
    {"lock", feature},
    {"machine", hardware},
    {"machine.aw-bits", hardware},
    {"machine.enable-s3", hardware},
    {"machine.enable-s4", hardware},
    {"machine.type", hardware},
    {"machine.viommu", hardware},
    {"memory", hardware},
    {"memory.current", hardware},
    {"meta", note},
    {"meta.creation-qemu", note},
    {"meta.ctime", note},
    {"migrate_downtime", feature},
    {"migrate_speed", feature},
    {"name", hardware},
    {"nameserver", feature},
    {"net", hardware},
    {"net.bridge", host},
    {"net.firewall", note},
    {"net.link_down", monitor},
    {"net.macaddr", hardware},
    {"net.model", hardware},
    {"net.mtu", hardware},
    {"net.queues", hardware},
    {"net.rate", refused, "0", "a limit of the rate is not supported yet"},
    {"net.tag", refused, "", "VLANs are not supported yet"},
    {"net.trunks", refused, "", "VLANs are not supported yet"},
    {"numa", hardware},
    {"numa.cpus", hardware},
    {"numa.hostnodes", hardware},
    {"numa.memory", hardware},
    {"numa.policy", hardware},
    {"onboot", feature},
    {"ostype", hardware},
    {"parallel", refused, "", "parallel ports of the host are not supported yet"},
    {"parent", feature},
    {"protection", feature},
    {"reboot", hardware},
    {"rng", hardware},
    {"rng.max_bytes", hardware},
    {"rng.period", hardware},
    {"rng.source", hardware},
    {"running-nets-host-mtu", feature},
    {"runningcpu", feature},
    {"runningmachine", feature},
    {"scsihw", hardware},
    {"searchdomain", feature},
    {"serial", hardware},
    {"shares", note},
    {"smbios1", hardware},
    {"smbios1.base64", hardware},
    {"smbios1.family", hardware},
    {"smbios1.manufacturer", hardware},
    {"smbios1.product", hardware},
    {"smbios1.serial", hardware},
    {"smbios1.sku", hardware},
    {"smbios1.uuid", hardware},
    {"smbios1.version", hardware},
    {"sockets", hardware},
    {"spice_enhancements", refused},
    {"sshkeys", feature},
    {"startdate", hardware},
    {"startup", feature},
    {"startup.down", feature},
    {"startup.order", feature},
    {"startup.up", feature},
    {"tablet", hardware},
    {"tags", note},
    {"tdf", hardware},
    {"template", feature},
    {"tpmstate", refused, "", "a TPM is not supported yet"},
    {"unused", note},
    {"unused.file", note},
    {"usb", hardware},
    {"usb.host", hardware},
    {"usb.mapping", refused},
    {"usb.usb3", hardware},
    {"vcpus", hardware},
    {"vga", hardware},
    {"vga.clipboard", hardware},
    {"vga.memory", hardware},
    {"vga.type", hardware},
    {"virtiofs", refused, "", "shared directories of the host are not supported yet"},
    {"vmgenid", hardware},
    {"vmstate", feature},
    {"vmstatestorage", feature},
    {"watchdog", hardware},
    {"watchdog.action", hardware},
    {"watchdog.model", hardware},
};

using Reason = std::optional<std::string>;

std::string base_of(std::string_view key) {
  const auto parts = guest::split_number(key);
  return parts ? parts->first : std::string(key);
}

Reason unsupported_disk(std::string_view key, std::string_view value) {
  const Drive disk = parse_drive(key, value, true);
  if (disk.is_cloudinit() && disk.bus != "ide" && disk.bus != "sata" && disk.bus != "scsi") {
    return "a cloud-init drive is a CD-ROM: use a key of ide, sata or scsi";
  }
  if (disk.file() == "cdrom") return "the host's CD-ROM drive is not supported yet; use an image";
  if (disk.file().starts_with('/')) return "disks of the host are not supported yet";
  const std::string_view format = property(disk.options, "format");
  const auto volume = storage::try_parse_volume_id(disk.file());
  const auto name = volume ? storage::try_parse_volume_name(volume->name) : std::nullopt;
  if (name && name->content == storage::Content::images && !format.empty() &&
      name->format != format) {
    return "'format=" + std::string(format) + "' does not fit: the volume is of format '" +
           name->format + "'";
  }
  return std::nullopt;
}

Reason unsupported_card(std::string_view value) {
  const auto card = net_format().parse(value);
  if (property_integer(card, "queues") > 1 && property(card, "model") != "virtio") {
    return "several queues need the model virtio";
  }
  return std::nullopt;
}

Reason unsupported_usb(std::string_view value) {
  const auto usb = usb_format().parse(value);
  if (lower(property(usb, "host")) == "spice") return std::nullopt;
  return "USB devices of the host are not supported yet";
}

Reason unsupported_port(std::string_view value) {
  if (value == "socket") return std::nullopt;
  return "serial ports of the host are not supported yet; use 'socket'";
}

Reason unsupported_display(std::string_view value) {
  const auto vga = vga_format().parse(value);
  if (property(vga, "type") != "virtio-gl") return std::nullopt;
  return "'virtio-gl' needs a display with OpenGL, which is not supported yet; use 'virtio'";
}

Reason unsupported_architecture(std::string_view value) {
  if (value == "x86_64") return std::nullopt;
  return "guests of the architecture '" + std::string(value) + "' are not supported yet";
}

Reason unsupported_shares(std::string_view value) {
  // 0 switches the balancing off and 1000 is the default.
  if (value == "0" || value == "1000") return std::nullopt;
  return "balancing memory between guests by weight is not supported yet";
}

Reason unsupported_spice(std::string_view value) {
  for (const std::string& part : split_list(value, ",")) {
    if (part != "foldersharing=0" && part != "videostreaming=off") {
      return "SPICE is not supported yet";
    }
  }
  return std::nullopt;
}

}  // namespace

std::span<const guest::Option> options() {
  return option_table;
}

std::optional<std::string> unsupported(std::string_view key, std::string_view value) {
  const std::string base = base_of(key);
  guest::Properties parts;
  if (is_drive_key(key)) parts = parse_drive(key, value, true).options;
  if (is_net_key(key)) parts = net_format().parse(value);
  const bool disk = is_drive_key(key) && base != "tpmstate";
  if (auto reason = guest::refusal(option_table, disk ? "disk" : base, value, parts)) return reason;
  if (is_drive_key(key)) return unsupported_disk(key, value);
  if (is_net_key(key)) return unsupported_card(value);
  if (base == "usb") return unsupported_usb(value);
  if (base == "serial") return unsupported_port(value);
  if (key == "citype" && value == "opennebula") {
    return "discs for OpenNebula are not supported yet; use 'nocloud' or 'configdrive2'";
  }
  if (key == "vga") return unsupported_display(value);
  if (key == "arch") return unsupported_architecture(value);
  if (key == "shares") return unsupported_shares(value);
  if (key == "spice_enhancements") return unsupported_spice(value);
  return std::nullopt;
}

}  // namespace posada::vm
