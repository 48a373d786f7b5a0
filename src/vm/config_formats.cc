// Formats of the property strings in VM configs.
#include <algorithm>

#include "base/text.h"
#include "vm/config.h"

namespace posada::vm {

using guest::PropertyFormat;
namespace rule = guest::rule;

namespace {

bool is_volume(std::string_view text) {
  return text == "none" || text == "cdrom" || text.starts_with('/') ||
         (text.find(':') != std::string_view::npos && text.find(':') > 0 && text.back() != ':' &&
          text.find_first_of(" \t\n\r") == std::string_view::npos) ||
         (guest::is_config_id(text) && text.find('/') == std::string_view::npos);
}

bool is_stored_volume(std::string_view text) {
  return text != "none" && is_volume(text);
}

bool is_size(std::string_view text) {
  return guest::parse_size(text).has_value();
}

bool is_hex(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

bool is_wwn(std::string_view text) {
  return text.size() == 18 && text.starts_with("0x") && is_hex(text.substr(2));
}

bool is_mac(std::string_view text) {
  if (text.size() != 17) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !is_hex(text.substr(i, 1))) {
      return false;
    }
  }
  // A group address is no address of a card.
  return std::string_view("02468aceACE").find(text[1]) != std::string_view::npos;
}

bool is_bridge(std::string_view text) {
  return !text.empty() && text.size() <= 15 &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
             std::string_view::npos;
}

bool is_number_ranges(std::string_view text) {  // 0-3;5
  for (const std::string& part : split(text, ';')) {
    const auto ends = split(part, '-');
    if (ends.empty() || ends.size() > 2 ||
        !std::all_of(ends.begin(), ends.end(), [](auto& end) { return is_digits(end); })) {
      return false;
    }
  }
  return !text.empty();
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text.substr(i, 1))) {
      return false;
    }
  }
  return true;
}

bool is_machine_type(std::string_view text) {
  if (text == "pc" || text == "q35" || text == "virt") {
    return true;
  }
  for (const std::string_view prefix : {"pc-i440fx-", "pc-q35-", "pc-", "virt-"}) {
    if (text.starts_with(prefix)) {
      const std::string_view version = text.substr(prefix.size());
      return !version.empty() && version.front() >= '0' && version.front() <= '9' &&
             version.find('.') != std::string_view::npos && version.size() <= 24;
    }
  }
  return text.starts_with("virt+pve");
}

bool is_cpu_flags(std::string_view text) {  // +aes;-hv-tlbflush
  for (const std::string& item : split(text, ';')) {
    if (item.size() < 2 || (item[0] != '+' && item[0] != '-') ||
        item.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
                               1) != std::string::npos) {
      return false;
    }
  }
  return !text.empty();
}

bool is_phys_bits(std::string_view text) {
  const auto bits = to_integer(text);
  return text == "host" || (bits && *bits >= 8 && *bits <= 64);
}

bool is_boot_order(std::string_view text) {
  for (const std::string& device : split(text, ';')) {
    if (!device.empty() && !guest::split_number(device)) {
      return false;
    }
  }
  return true;
}

bool is_legacy_boot(std::string_view text) {
  return text.size() <= 4 && text.find_first_not_of("acdn") == std::string_view::npos;
}

bool is_usb_host(std::string_view text) {
  if (lower(text) == "spice") {
    return true;
  }
  const std::size_t at = text.find_first_of(":-");
  if (at == std::string_view::npos) {
    return false;
  }
  std::string_view left = text.substr(0, at), right = text.substr(at + 1);
  if (text[at] == '-') {
    return is_digits(left) && !right.empty() &&
           right.find_first_not_of("0123456789.") == std::string_view::npos;
  }
  const auto is_id = [](std::string_view id) {
    return is_hex(id.starts_with("0x") ? id.substr(2) : id) &&
           (id.starts_with("0x") ? id.size() == 6 : id.size() == 4);
  };
  return is_id(left) && is_id(right);
}

// What all disks have.
PropertyFormat disk_base(bool for_edit) {
  PropertyFormat format;
  format.bare("file", rule::matching(is_volume, "a volume ID or a path"))
      .alias("volume", "file")
      .add("format", rule::one_of({"raw", "qcow", "qed", "qcow2", "vmdk", "cloop"}))
      .add("size", rule::matching(is_size, "a disk size"));
  if (for_edit) {
    format.add("import-from", rule::matching(is_stored_volume, "a volume ID or an absolute path"));
  }
  return format;
}

void add_limits(PropertyFormat& format) {
  for (const std::string name : {"bps", "bps_rd", "bps_wr", "iops", "iops_max", "iops_rd",
                                 "iops_rd_max", "iops_wr", "iops_wr_max"}) {
    format.add(name, rule::integer());
  }
  for (const std::string name : {"bps_max_length", "bps_rd_max_length", "bps_wr_max_length",
                                 "iops_max_length", "iops_rd_max_length", "iops_wr_max_length"}) {
    format.add(name, rule::integer(1));
  }
  for (const std::string name :
       {"mbps", "mbps_max", "mbps_rd", "mbps_rd_max", "mbps_wr", "mbps_wr_max"}) {
    format.add(name, rule::number());
  }
  for (const std::string name : {"bps_rd", "bps_wr", "iops_rd", "iops_wr"}) {
    format.alias(name + "_length", name + "_max_length");
  }
}

PropertyFormat data_disk(std::string_view bus, bool for_edit) {
  PropertyFormat format = disk_base(for_edit);
  add_limits(format);
  format.add("aio", rule::one_of({"native", "threads", "io_uring"}))
      .add("backup", rule::boolean())
      .add("cache", rule::one_of({"none", "writethrough", "writeback", "unsafe", "directsync"}))
      .add("detect_zeroes", rule::boolean())
      .add("discard", rule::one_of({"ignore", "on"}))
      .add("media", rule::one_of({"cdrom", "disk"}))
      .add("replicate", rule::boolean())
      .add("rerror", rule::one_of({"ignore", "report", "stop"}))
      .add("serial", rule::text(60))
      .add("shared", rule::boolean())
      .add("snapshot", rule::boolean())
      .add("werror", rule::one_of({"enospc", "ignore", "report", "stop"}));
  if (bus != "virtio") {
    format.add("ssd", rule::boolean()).add("wwn", rule::matching(is_wwn, "a wwn"));
  }
  if (bus == "ide") {
    format.add("model", rule::text(120));
  }
  if (bus == "scsi" || bus == "virtio") {
    format.add("iothread", rule::boolean()).add("ro", rule::boolean());
  }
  if (bus == "scsi") {
    format.add("product", rule::text(16))
        .add("vendor", rule::text(8))
        .add("queues", rule::integer(2))
        .add("scsiblock", rule::boolean());
  }
  return format;
}

PropertyFormat efidisk(bool for_edit) {
  PropertyFormat format = disk_base(for_edit);
  format.add("efitype", rule::one_of({"2m", "4m"}))
      .add("pre-enrolled-keys", rule::boolean())
      .add("ms-cert", rule::one_of({"2011", "2023", "2023w", "2023k"}));
  return format;
}

PropertyFormat tpmstate(bool for_edit) {
  PropertyFormat format = disk_base(for_edit);
  format.add("version", rule::one_of({"v1.2", "v2.0"}));
  return format;
}

PropertyFormat unused_disk() {
  PropertyFormat format;
  format.bare("file", rule::matching(is_stored_volume, "a volume ID")).alias("volume", "file");
  return format;
}

}  // namespace

const PropertyFormat& drive_format(std::string_view bus, bool for_edit) {
  static const std::map<std::string, std::array<PropertyFormat, 2>, std::less<>> formats = {
      {"ide", {data_disk("ide", false), data_disk("ide", true)}},
      {"sata", {data_disk("sata", false), data_disk("sata", true)}},
      {"scsi", {data_disk("scsi", false), data_disk("scsi", true)}},
      {"virtio", {data_disk("virtio", false), data_disk("virtio", true)}},
      {"efidisk", {efidisk(false), efidisk(true)}},
      {"tpmstate", {tpmstate(false), tpmstate(true)}},
      {"unused", {unused_disk(), unused_disk()}},
  };
  return formats.find(bus)->second[for_edit ? 1 : 0];
}

const PropertyFormat& net_format() {
  static const PropertyFormat format = [] {
    const std::vector<std::string> models = {
        "e1000",  "e1000-82540em", "e1000-82544gc", "e1000-82545em", "e1000e",
        "i82551", "i82557b",       "i82559er",      "ne2k_isa",      "ne2k_pci",
        "pcnet",  "rtl8139",       "virtio",        "vmxnet3"};
    PropertyFormat net;
    net.bare("model", rule::one_of(models));
    for (const std::string& model : models) {
      net.key_alias(model, "macaddr", "model");
    }
    net.add("bridge", rule::matching(is_bridge, "a bridge"))
        .add("firewall", rule::boolean())
        .add("link_down", rule::boolean())
        .add("macaddr", rule::matching(is_mac, "a valid unicast MAC address"))
        .add("mtu", rule::integer(1, 65520))
        .add("queues", rule::integer(0, 64))
        .add("rate", rule::number(0))
        .add("tag", rule::integer(1, 4094))
        .add("trunks", rule::matching(is_number_ranges, "a list of VLANs"));
    return net;
  }();
  return format;
}

const PropertyFormat& agent_format() {
  static const PropertyFormat format = PropertyFormat()
                                           .bare("enabled", rule::boolean())
                                           .add("freeze-fs", rule::boolean())
                                           .alias("freeze-fs-on-backup", "freeze-fs")
                                           .alias("guest-fsfreeze", "freeze-fs")
                                           .add("fstrim_cloned_disks", rule::boolean())
                                           .add("type", rule::one_of({"virtio", "isa"}));
  return format;
}

const PropertyFormat& boot_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .bare("legacy", rule::matching(is_legacy_boot, "a boot order of a, c, d and n"), false)
          .add("order", rule::matching(is_boot_order, "a list of devices"));
  return format;
}

const PropertyFormat& cpu_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .bare("cputype", rule::text(), false)
          .add("flags", rule::matching(is_cpu_flags, "a list of +FLAG or -FLAG"))
          .add("guest-phys-bits", rule::integer(32, 64))
          .add("hidden", rule::boolean())
          .add("hv-vendor-id", rule::text(12))
          .add("level", rule::integer(0))
          .add("phys-bits", rule::matching(is_phys_bits, "8 to 64, or host"))
          .add("reported-model", rule::text());
  return format;
}

const PropertyFormat& machine_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .bare("type", rule::matching(is_machine_type, "a machine type"), false)
          .add("aw-bits", rule::number(32, 64))
          .add("enable-s3", rule::boolean())
          .add("enable-s4", rule::boolean())
          .add("viommu", rule::one_of({"intel", "virtio"}));
  return format;
}

const PropertyFormat& memory_format() {
  static const PropertyFormat format = PropertyFormat().bare("current", rule::integer(16));
  return format;
}

const PropertyFormat& numa_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .require("cpus", rule::matching(is_number_ranges, "a list of CPUs"))
          .add("hostnodes", rule::matching(is_number_ranges, "a list of nodes"))
          .add("memory", rule::number())
          .add("policy", rule::one_of({"preferred", "bind", "interleave"}));
  return format;
}

const PropertyFormat& rng_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .bare("source", rule::one_of({"/dev/urandom", "/dev/random", "/dev/hwrng"}))
          .add("max_bytes", rule::integer())
          .add("period", rule::integer());
  return format;
}

const PropertyFormat& smbios_format() {
  static const PropertyFormat format = [] {
    PropertyFormat smbios;
    smbios.add("base64", rule::boolean()).add("uuid", rule::matching(is_uuid, "a UUID"));
    for (const std::string name :
         {"family", "manufacturer", "product", "serial", "sku", "version"}) {
      smbios.add(name, rule::text());
    }
    return smbios;
  }();
  return format;
}

const PropertyFormat& startup_format() {
  static const PropertyFormat format = PropertyFormat()
                                           .bare("order", rule::integer(0), false)
                                           .add("up", rule::integer(0))
                                           .add("down", rule::integer(0));
  return format;
}

const PropertyFormat& usb_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .bare("host", rule::matching(is_usb_host, "a USB device"), false)
          .add("mapping", rule::matching(guest::is_config_id, "a mapping ID"))
          .add("usb3", rule::boolean());
  return format;
}

const PropertyFormat& vga_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .bare("type",
                rule::one_of({"cirrus", "qxl", "qxl2", "qxl3", "qxl4", "none", "serial0", "serial1",
                              "serial2", "serial3", "std", "virtio", "virtio-gl", "vmware"}),
                false)
          .add("memory", rule::integer(4, 512))
          .add("clipboard", rule::one_of({"vnc"}));
  return format;
}

const PropertyFormat& watchdog_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .bare("model", rule::one_of({"i6300esb", "ib700"}), false)
          .add("action", rule::one_of({"reset", "shutdown", "poweroff", "pause", "debug", "none"}));
  return format;
}

const PropertyFormat& audio_format() {
  static const PropertyFormat format =
      PropertyFormat()
          .require("device", rule::one_of({"ich9-intel-hda", "intel-hda", "AC97"}))
          .add("driver", rule::one_of({"spice", "none"}));
  return format;
}

const PropertyFormat& ivshmem_format() {
  static const PropertyFormat format =
      PropertyFormat().require("size", rule::integer(1)).add("name", rule::text());
  return format;
}

const PropertyFormat& sev_format() {
  static const PropertyFormat format = PropertyFormat()
                                           .bare("type", rule::one_of({"std", "es", "snp"}))
                                           .add("allow-smt", rule::boolean())
                                           .add("kernel-hashes", rule::boolean())
                                           .add("no-debug", rule::boolean())
                                           .add("no-key-sharing", rule::boolean());
  return format;
}

const PropertyFormat& hostpci_format() {
  static const PropertyFormat format = [] {
    PropertyFormat pci;
    pci.bare("host", rule::text(), false)
        .add("mapping", rule::matching(guest::is_config_id, "a mapping ID"))
        .add("mdev", rule::text())
        .add("romfile", rule::text())
        .add("driver", rule::one_of({"vfio", "keep"}));
    for (const std::string name : {"device-id", "sub-device-id", "sub-vendor-id", "vendor-id"}) {
      pci.add(name, rule::text(6));
    }
    for (const std::string name : {"legacy-igd", "pcie", "rombar", "x-vga"}) {
      pci.add(name, rule::boolean());
    }
    return pci;
  }();
  return format;
}

}  // namespace posada::vm
