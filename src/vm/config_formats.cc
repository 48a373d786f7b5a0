// Formats of the property strings in VM configs, under the names that the code of this module
// uses. Their keys are declared in api/formats, once for configs and for requests.
#include <stdexcept>

#include "base/property_formats.h"
#include "vm/config.h"

namespace posada::vm {

using guest::PropertyFormat;

const PropertyFormat& drive_format(std::string_view bus, bool for_edit) {
  struct Bus {
    std::string_view name;
    PropertyFormat stored, sent;
  };
  static const std::vector<Bus> buses = {
      {"ide", PropertyFormat(formats::qemu_ide), PropertyFormat(formats::qemu_ide_new)},
      {"sata", PropertyFormat(formats::qemu_sata), PropertyFormat(formats::qemu_sata_new)},
      {"scsi", PropertyFormat(formats::qemu_scsi), PropertyFormat(formats::qemu_scsi_new)},
      {"virtio", PropertyFormat(formats::qemu_virtio), PropertyFormat(formats::qemu_virtio_new)},
      {"efidisk", PropertyFormat(formats::qemu_efidisk), PropertyFormat(formats::qemu_efidisk_new)},
      {"tpmstate", PropertyFormat(formats::qemu_tpmstate),
       PropertyFormat(formats::qemu_tpmstate_new)},
      {"unused", PropertyFormat(formats::qemu_unused), PropertyFormat(formats::qemu_unused)},
  };
  for (const Bus& one : buses) {
    if (one.name == bus) {
      return for_edit ? one.sent : one.stored;
    }
  }
  throw std::logic_error("no bus " + std::string(bus));
}

const PropertyFormat& net_format() {
  static const PropertyFormat format(formats::qemu_net);
  return format;
}

const PropertyFormat& agent_format() {
  static const PropertyFormat format(formats::qemu_agent);
  return format;
}

const PropertyFormat& boot_format() {
  static const PropertyFormat format(formats::pve_qm_boot);
  return format;
}

const PropertyFormat& cpu_format() {
  static const PropertyFormat format(formats::pve_vm_cpu_conf);
  return format;
}

const PropertyFormat& machine_format() {
  static const PropertyFormat format(formats::qemu_machine);
  return format;
}

const PropertyFormat& memory_format() {
  static const PropertyFormat format(formats::qemu_memory);
  return format;
}

const PropertyFormat& numa_format() {
  static const PropertyFormat format(formats::qemu_numa);
  return format;
}

const PropertyFormat& rng_format() {
  static const PropertyFormat format(formats::pve_qm_rng);
  return format;
}

const PropertyFormat& smbios_format() {
  static const PropertyFormat format(formats::pve_qm_smbios1);
  return format;
}

const PropertyFormat& startup_format() {
  static const PropertyFormat format(formats::pve_startup_order);
  return format;
}

const PropertyFormat& usb_format() {
  static const PropertyFormat format(formats::qemu_usb);
  return format;
}

const PropertyFormat& vga_format() {
  static const PropertyFormat format(formats::qemu_vga);
  return format;
}

const PropertyFormat& watchdog_format() {
  static const PropertyFormat format(formats::pve_qm_watchdog);
  return format;
}

const PropertyFormat& audio_format() {
  static const PropertyFormat format(formats::qemu_audio);
  return format;
}

const PropertyFormat& ivshmem_format() {
  static const PropertyFormat format(formats::qemu_ivshmem);
  return format;
}

const PropertyFormat& sev_format() {
  static const PropertyFormat format(formats::pve_qemu_sev_fmt);
  return format;
}

const PropertyFormat& hostpci_format() {
  static const PropertyFormat format(formats::pve_qm_hostpci);
  return format;
}

}  // namespace posada::vm
