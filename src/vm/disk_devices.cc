// Disks and their controllers (command_line.h).
#include "base/error.h"
#include "base/text.h"
#include "vm/command_line.h"
#include "vm/pci_address.h"

namespace posada::vm {

using guest::property;
using guest::property_flag;
using guest::property_integer;

namespace {

std::string scsi_model(const guest::ConfigSection& config) {
  const std::string_view model = config.get("scsihw", "lsi");
  return model.starts_with("virtio-scsi") ? "virtio-scsi-pci" : std::string(model);
}

bool is_virtio_scsi(const guest::ConfigSection& config) {
  return config.get("scsihw").starts_with("virtio-scsi");
}

// Disks on one controller.
unsigned disks_of_controller(const guest::ConfigSection& config) {
  const std::string_view model = config.get("scsihw", "lsi");
  if (model.starts_with("lsi")) {
    return 7;
  }
  return model == "virtio-scsi-single" ? 1 : 256;
}

void place(json::object& device, std::string_view name) {
  if (const auto address = pci_address(name)) {
    device["bus"] = address->bus_name();
    device["addr"] = address->slot_text();
  }
}

json::object cache_of(const DiskSource& source, std::string_view mode) {
  json::object cache;
  cache["direct"] = source.direct_io && (mode == "none" || mode == "directsync");
  cache["no-flush"] = mode == "unsafe";
  return cache;
}

std::string aio_of(const Drive& drive, const DiskSource& source, std::string_view cache,
                   std::string_view host_default) {
  std::string aio(property(drive.options, "aio"));
  if (aio.empty()) {
    aio = source.default_aio.empty() ? std::string(host_default) : source.default_aio;
  }
  // Native I/O needs the page cache to be bypassed.
  const bool direct = source.direct_io && (cache == "none" || cache == "directsync");
  return aio == "native" && !direct ? "threads" : aio;
}

json::object file_node(const DiskSource& source, std::string_view cache, const std::string& aio,
                       bool discard, bool read_only) {
  json::object file;
  file["driver"] = source.block_device ? "host_device" : "file";
  file["filename"] = source.file;
  file["aio"] = aio;
  file["cache"] = cache_of(source, cache);
  file["discard"] = discard ? "unmap" : "ignore";
  file["read-only"] = read_only;
  return file;
}

json::object backing_node(const std::vector<DiskSource>& layers, std::size_t index,
                          std::string_view aio) {
  const DiskSource& layer = layers[index];
  json::object node;
  node["driver"] = layer.format;
  node["read-only"] = true;
  node["file"] =
      file_node(layer, "none", std::string(aio == "native" ? "threads" : aio), false, true);
  if (index + 1 < layers.size()) {
    node["backing"] = backing_node(layers, index + 1, aio);
  } else if (layer.format == "qcow2") {
    node["backing"] = nullptr;
  }
  return node;
}

}  // namespace

json::object block_node(const Drive& drive, const DiskSource& source,
                        std::string_view default_aio) {
  const bool cdrom = drive.is_cdrom();
  const std::string_view cache = property(drive.options, "cache", cdrom ? "writeback" : "none");
  const bool discard = property(drive.options, "discard") == "on";
  const bool read_only = cdrom || source.read_only || property_flag(drive.options, "ro");
  const std::string aio = aio_of(drive, source, cache, default_aio);
  json::object node;
  node["driver"] = source.format;
  node["node-name"] = "drive-" + drive.key;
  node["read-only"] = read_only;
  node["discard"] = discard ? "unmap" : "ignore";
  node["cache"] = cache_of(source, cache);
  if (!cdrom && property_flag(drive.options, "detect_zeroes", true)) {
    node["detect-zeroes"] = discard ? "unmap" : "on";
  }
  if (source.limit_bytes > 0 && source.format == "raw") {
    node["size"] = source.limit_bytes;
  }
  node["file"] = file_node(source, cache, aio, discard, read_only);
  if (!source.backing.empty()) {
    node["backing"] = backing_node(source.backing, 0, aio);
  } else if (source.format == "qcow2") {
    // A name inside an image is never followed.
    node["backing"] = nullptr;
  }
  return node;
}

json::object io_limits(const Drive& drive) {
  json::object limits;
  limits["id"] = drive.key;
  bool any = false;
  const auto take = [&](std::string_view direction, std::string_view suffix) {
    const std::string tail = std::string(direction);
    const double mbps =
        std::strtod(std::string(property(drive.options, "mbps" + tail, "0")).c_str(), nullptr);
    const auto bps = property_integer(drive.options, "bps" + tail);
    const auto rate = bps > 0 ? bps : static_cast<std::int64_t>(mbps * 1024 * 1024);
    const double burst = std::strtod(
        std::string(property(drive.options, "mbps" + tail + "_max", "0")).c_str(), nullptr);
    limits["bps" + std::string(suffix)] = rate;
    limits["iops" + std::string(suffix)] = property_integer(drive.options, "iops" + tail);
    any = any || rate > 0 || property_integer(drive.options, "iops" + tail) > 0;
    if (burst > 0) {
      limits["bps" + std::string(suffix) + "_max"] = static_cast<std::int64_t>(burst * 1024 * 1024);
      limits["bps" + std::string(suffix) + "_max_length"] =
          property_integer(drive.options, "bps" + tail + "_max_length", 1);
    }
    if (const auto peak = property_integer(drive.options, "iops" + tail + "_max"); peak > 0) {
      limits["iops" + std::string(suffix) + "_max"] = peak;
      limits["iops" + std::string(suffix) + "_max_length"] =
          property_integer(drive.options, "iops" + tail + "_max_length", 1);
    }
  };
  take("", "");
  take("_rd", "_rd");
  take("_wr", "_wr");
  return any ? limits : json::object();
}

namespace {

std::string iothread_name(std::string_view owner) {
  return "iothread-" + std::string(owner);
}

json::object iothread(std::string_view owner) {
  return {{"qom-type", "iothread"}, {"id", iothread_name(owner)}};
}

void attach_scsi(Plugged& result, const guest::ConfigSection& config, const Drive& drive) {
  const unsigned per_controller = disks_of_controller(config);
  const unsigned number = drive.index / per_controller;
  const bool single = config.get("scsihw") == "virtio-scsi-single";
  const std::string controller = (single ? "virtioscsi" : "scsihw") + std::to_string(number);
  json::object hardware;
  hardware["driver"] = scsi_model(config);
  hardware["id"] = controller;
  place(hardware, controller);
  if (single && property_flag(drive.options, "iothread")) {
    result.objects.push_back(iothread(controller));
    hardware["iothread"] = iothread_name(controller);
  }
  if (const auto queues = property_integer(drive.options, "queues");
      queues > 0 && is_virtio_scsi(config)) {
    hardware["num_queues"] = queues;
  }
  result.controllers.push_back(std::move(hardware));
  result.device["bus"] = controller + ".0";
  if (is_virtio_scsi(config)) {
    result.device["channel"] = 0;
    result.device["scsi-id"] = 0;
    result.device["lun"] = drive.index;
  } else {
    result.device["scsi-id"] = drive.index % per_controller;
  }
}

void attach_ide(json::object& device, const MachineType& machine, const Drive& drive) {
  unsigned bus = drive.index / 2;
  unsigned unit = drive.index % 2;
  if (machine.q35 && unit == 1) {
    // q35 has one unit on each bus; even numbers keep the bus they always had.
    bus += 2;
    unit = 0;
  }
  device["bus"] = "ide." + std::to_string(bus);
  device["unit"] = unit;
}

void attach_sata(Plugged& result, const Drive& drive) {
  json::object controller;
  controller["driver"] = "ahci";
  controller["id"] = "ahci0";
  controller["multifunction"] = true;
  place(controller, "ahci0");
  result.controllers.push_back(std::move(controller));
  result.device["bus"] = "ahci0." + std::to_string(drive.index);
}

void add_details(json::object& device, const Drive& drive) {
  const auto& options = drive.options;
  if (property_flag(options, "ssd") && !drive.is_cdrom()) {
    device["rotation_rate"] = 1;
  }
  for (const auto& [option, name] : {std::pair{"vendor", "vendor"}, std::pair{"product", "product"},
                                     std::pair{"model", "model"}}) {
    if (options.contains(option) && (drive.bus == "scsi" || drive.bus == "ide")) {
      device[name] = decode_percent(property(options, option));
    }
  }
  if (options.contains("serial")) {
    device["serial"] = decode_percent(property(options, "serial"));
  }
  if (options.contains("wwn")) {
    device["wwn"] = std::strtoull(std::string(property(options, "wwn")).c_str(), nullptr, 16);
  }
  for (const std::string_view name : {"werror", "rerror"}) {
    if (options.contains(name)) {
      device[name] = property(options, name);
    }
  }
}

}  // namespace

Plugged disk_device(const guest::ConfigSection& config, const MachineType& machine,
                    const HostFacts& host, const Drive& drive,
                    const std::optional<DiskSource>& source) {
  Plugged result;
  json::object& device = result.device;
  const std::string kind = drive.is_cdrom() ? "-cd" : "-hd";
  if (drive.bus == "virtio") {
    device["driver"] = "virtio-blk-pci";
    place(device, drive.key);
    if (property_flag(drive.options, "iothread")) {
      result.objects.push_back(iothread(drive.key));
      device["iothread"] = iothread_name(drive.key);
    }
  } else if (drive.bus == "scsi") {
    device["driver"] = "scsi" + kind;
    attach_scsi(result, config, drive);
  } else if (drive.bus == "ide") {
    device["driver"] = "ide" + kind;
    attach_ide(device, machine, drive);
  } else if (drive.bus == "sata") {
    device["driver"] = "ide" + kind;
    attach_sata(result, drive);
  } else {
    throw Error::failed("vm.no-disk-device", "'" + drive.key + "' is no disk of the guest");
  }
  device["id"] = drive.key;
  add_details(device, drive);
  const auto indices = boot_indices(config);
  if (const auto index = indices.find(drive.key); index != indices.end()) {
    device["bootindex"] = index->second;
  }
  if (source) {
    result.backend = block_node(drive, *source, host.default_aio);
    device["drive"] = "drive-" + drive.key;
  } else if (!drive.is_cdrom()) {
    throw Error::failed("vm.disk-not-open", "disk '" + drive.key + "' is not open");
  }
  return result;
}

}  // namespace posada::vm
