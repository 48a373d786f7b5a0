// The node's disks and devices, and what storage servers offer to it.
#include "api/handlers/machine.h"
#include "api/request/nodes_disks.h"
#include "api/request/nodes_hardware.h"
#include "api/request/nodes_scan.h"
#include "base/text.h"
#include "host/devices.h"
#include "host/disks.h"
#include "host/scan.h"
#include "host/smart.h"
#include "host/volumes.h"
#include "sys/file.h"

namespace posada::api {
namespace {

void set_text(json::object& row, std::string_view key, const std::string& text) {
  if (!text.empty()) row[key] = text;
}

sys::Async<Answer> list_pci(Call&, const Machine& machine, nodes_hardware::PciScan request) {
  const std::vector<std::string> unwanted =
      split_list(request.pci_class_blacklist.value_or("05;06;0b"));
  const auto devices = co_await machine.host->pool.run(
      [places = machine.host->places, unwanted] { return host::pci_devices(places, unwanted); });
  const bool verbose = request.verbose.value_or(true);
  json::array rows;
  for (const host::PciDevice& device : devices) {
    json::object row = {{"id", device.address}};
    if (verbose) {
      row["class"] = device.device_class;
      row["vendor"] = device.vendor;
      row["device"] = device.device;
      row["iommugroup"] = device.iommu_group;
      if (device.mediated) row["mdev"] = 1;
      set_text(row, "vendor_name", device.vendor_name);
      set_text(row, "device_name", device.device_name);
      set_text(row, "subsystem_vendor", device.subsystem_vendor);
      set_text(row, "subsystem_device", device.subsystem_device);
      set_text(row, "subsystem_vendor_name", device.subsystem_vendor_name);
      set_text(row, "subsystem_device_name", device.subsystem_device_name);
    }
    rows.push_back(std::move(row));
  }
  co_return rows;
}

sys::Async<Answer> list_hardware(Call&, nodes_hardware::Index) {
  co_return json::array{json::object{{"type", "pci"}}, json::object{{"type", "usb"}}};
}

sys::Async<Answer> pci_index(Call&, nodes_hardware::PciIndex) {
  co_return json::array{json::object{{"method", "mdev"}}};
}

sys::Async<Answer> list_mediated(Call&, const Machine& machine, nodes_hardware::Mdevscan request) {
  const std::string address = request.pci_id_or_mapping;
  if (address.find(':') == std::string::npos) {
    throw Error::failed("host.no-mapping", "pci mapping '" + address + "' does not exist");
  }
  const auto types = co_await machine.host->pool.run(
      [places = machine.host->places, address] { return host::mediated_types(places, address); });
  json::array rows;
  for (const host::MediatedType& type : types) {
    json::object row = {
        {"type", type.type}, {"available", type.available}, {"description", type.description}};
    set_text(row, "name", type.name);
    rows.push_back(std::move(row));
  }
  co_return rows;
}

sys::Async<Answer> list_usb(Call&, const Machine& machine, nodes_hardware::Usbscan) {
  const auto devices = co_await machine.host->pool.run(
      [places = machine.host->places] { return host::usb_devices(places); });
  json::array rows;
  for (const host::UsbDevice& device : devices) {
    json::object row = {{"busnum", device.bus},         {"devnum", device.number},
                        {"level", device.level},        {"port", device.port},
                        {"class", device.device_class}, {"vendid", device.vendor},
                        {"prodid", device.product},     {"speed", device.speed}};
    set_text(row, "usbpath", device.path);
    set_text(row, "manufacturer", device.manufacturer);
    set_text(row, "product", device.product_name);
    set_text(row, "serial", device.serial);
    rows.push_back(std::move(row));
  }
  co_return rows;
}

json::value wearout_of(const host::SmartFacts& facts) {
  return facts.wearout ? json::value(*facts.wearout) : json::value("N/A");
}

// Without smartctl the health of disks is simply not known.
sys::Async<std::optional<host::SmartFacts>> smart_if_there(host::Host& host, std::string device) {
  try {
    co_return co_await host::read_smart(host, std::move(device), false);
  } catch (const Error& error) {
    if (error.code() != "host.program-missing" && error.code() != "host.smart") throw;
  }
  co_return std::nullopt;
}

bool is_wanted(const host::Disk& disk, const std::optional<std::string>& type) {
  if (!type) return true;
  // A disk for journals may be shared: one with a GPT that is not full of something else.
  if (*type == "journal_disks") return disk.used.empty() || (disk.gpt && disk.used == "partitions");
  return disk.used.empty();
}

sys::Async<Answer> list_disks(Call&, const Machine& machine, nodes_disks::List request) {
  const bool smart = !request.skipsmart.value_or(false);
  json::array rows;
  for (const host::Disk& disk :
       co_await host::disks(*machine.host, request.include_partitions.value_or(false))) {
    if (!is_wanted(disk, request.type)) continue;
    json::object row = {{"devpath", disk.path},
                        {"size", disk.size},
                        {"gpt", disk.gpt ? 1 : 0},
                        {"mounted", disk.mounted ? 1 : 0},
                        {"osdid", -1},
                        {"osdid-list", nullptr}};
    set_text(row, "used", disk.used);
    if (!disk.parent.empty()) {
      row["parent"] = disk.parent;
      rows.push_back(std::move(row));
      continue;
    }
    row["model"] = disk.model;
    row["vendor"] = disk.vendor;
    row["serial"] = disk.serial;
    row["wwn"] = disk.wwn;
    row["type"] = disk.type;
    row["rpm"] = disk.rpm;
    set_text(row, "by_id_link", disk.by_id_link);
    std::optional<host::SmartFacts> facts;
    if (smart) facts = co_await smart_if_there(*machine.host, disk.path);
    row["health"] = facts ? facts->health : "UNKNOWN";
    row["wearout"] = facts ? wearout_of(*facts) : json::value("N/A");
    rows.push_back(std::move(row));
  }
  co_return rows;
}

sys::Async<Answer> show_smart(Call&, const Machine& machine, nodes_disks::Smart request) {
  const host::SmartFacts facts =
      co_await host::read_smart(*machine.host, request.disk, request.healthonly.value_or(false));
  json::object answer = {{"health", facts.health}};
  if (request.healthonly.value_or(false)) co_return answer;
  set_text(answer, "type", facts.type);
  if (facts.type == "ata") {
    json::array attributes;
    for (const host::SmartAttribute& one : facts.attributes) {
      attributes.push_back(json::object{{"id", one.id},
                                        {"name", one.name},
                                        {"flags", one.flags},
                                        {"value", one.value},
                                        {"normalized", one.value},
                                        {"worst", one.worst},
                                        {"threshold", one.threshold},
                                        {"fail", one.fail},
                                        {"raw", one.raw}});
    }
    answer["attributes"] = std::move(attributes);
  } else {
    set_text(answer, "text", facts.text);
    if (facts.wearout) answer["wearout"] = *facts.wearout;
  }
  co_return answer;
}

sys::Async<Answer> list_lvm(Call&, const Machine& machine, nodes_disks::LvmIndex) {
  json::array groups;
  for (const host::VolumeGroup& group : co_await host::volume_groups(*machine.host)) {
    json::array volumes;
    for (const host::PhysicalVolume& volume : group.volumes) {
      volumes.push_back(json::object{
          {"name", volume.name}, {"size", volume.size}, {"free", volume.free}, {"leaf", 1}});
    }
    groups.push_back(json::object{{"name", group.name},
                                  {"size", group.size},
                                  {"free", group.free},
                                  {"leaf", 0},
                                  {"children", std::move(volumes)}});
  }
  co_return json::object{{"leaf", 0}, {"children", std::move(groups)}};
}

sys::Async<Answer> list_thin_pools(Call&, const Machine& machine, nodes_disks::LvmthinIndex) {
  json::array rows;
  for (const host::ThinPool& pool : co_await host::thin_pools(*machine.host)) {
    rows.push_back(json::object{{"lv", pool.name},
                                {"vg", pool.group},
                                {"lv_size", pool.size},
                                {"used", pool.used},
                                {"metadata_size", pool.metadata_size},
                                {"metadata_used", pool.metadata_used}});
  }
  co_return rows;
}

sys::Async<Answer> list_zfs(Call&, const Machine& machine, nodes_disks::ZfsIndex) {
  json::array rows;
  for (const host::ZfsPool& pool : co_await host::zfs_pools(*machine.host)) {
    rows.push_back(json::object{{"name", pool.name},
                                {"size", pool.size},
                                {"alloc", pool.allocated},
                                {"free", pool.free},
                                {"frag", pool.fragmentation},
                                {"dedup", pool.deduplication},
                                {"health", pool.health}});
  }
  co_return rows;
}

// Directories on disks are systemd mount units below /mnt/pve.
sys::Async<Answer> list_directories(Call&, const Machine& machine, nodes_disks::DirectoryIndex) {
  const std::string folder = machine.host->machine_etc() + "/systemd/system";
  json::array rows;
  for (const std::string& name : sys::list_directory(folder)) {
    if (!name.starts_with("mnt-pve-") || !name.ends_with(".mount")) continue;
    json::object row = {{"unitfile", folder + "/" + name}};
    for (const std::string& line : split(sys::read_file(folder + "/" + name), '\n')) {
      const std::size_t equals = line.find('=');
      if (equals == std::string::npos) continue;
      const std::string value = line.substr(equals + 1);
      if (line.starts_with("Where=")) row["path"] = value;
      if (line.starts_with("What=")) row["device"] = value;
      if (line.starts_with("Type=")) row["type"] = value;
      if (line.starts_with("Options=")) row["options"] = value;
    }
    rows.push_back(std::move(row));
  }
  co_return rows;
}

sys::Async<Answer> scan_nfs(Call&, const Machine& machine, nodes_scan::Nfsscan request) {
  json::array rows;
  for (const host::Offer& offer : co_await host::nfs_exports(*machine.host, request.server)) {
    rows.push_back(json::object{{"path", offer.name}, {"options", offer.description}});
  }
  co_return rows;
}

sys::Async<Answer> scan_cifs(Call&, const Machine& machine, nodes_scan::Cifsscan request) {
  host::CifsLogin login{request.username.value_or(""), request.password.value_or(""),
                        request.domain.value_or("")};
  json::array rows;
  for (const host::Offer& offer :
       co_await host::cifs_shares(*machine.host, request.server, std::move(login))) {
    rows.push_back(json::object{{"share", offer.name}, {"description", offer.description}});
  }
  co_return rows;
}

sys::Async<Answer> scan_iscsi(Call&, const Machine& machine, nodes_scan::Iscsiscan request) {
  json::array rows;
  for (const host::Offer& offer : co_await host::iscsi_targets(*machine.host, request.portal)) {
    rows.push_back(json::object{{"target", offer.name}, {"portal", offer.description}});
  }
  co_return rows;
}

sys::Async<Answer> scan_lvm(Call&, const Machine& machine, nodes_scan::Lvmscan) {
  json::array rows;
  for (const host::VolumeGroup& group : co_await host::volume_groups(*machine.host)) {
    rows.push_back(json::object{{"vg", group.name}, {"size", group.size}, {"free", group.free}});
  }
  co_return rows;
}

sys::Async<Answer> scan_thin(Call&, const Machine& machine, nodes_scan::Lvmthinscan request) {
  json::array rows;
  for (const host::ThinPool& pool : co_await host::thin_pools(*machine.host)) {
    if (pool.group == request.vg) rows.push_back(json::object{{"lv", pool.name}});
  }
  co_return rows;
}

sys::Async<Answer> scan_zfs(Call&, const Machine& machine, nodes_scan::Zfsscan) {
  json::array rows;
  for (const host::ZfsPool& pool : co_await host::zfs_pools(*machine.host)) {
    rows.push_back(json::object{{"pool", pool.name}, {"size", pool.size}, {"free", pool.free}});
  }
  co_return rows;
}

}  // namespace

void register_node_devices(MachineRouter& router) {
  router.on<nodes_hardware::Index>(list_hardware);
  router.on<nodes_hardware::PciScan>(list_pci);
  router.on<nodes_hardware::PciIndex>(pci_index);
  router.on<nodes_hardware::Mdevscan>(list_mediated);
  router.on<nodes_hardware::Usbscan>(list_usb);
  router.on<nodes_disks::List>(list_disks);
  router.on<nodes_disks::Smart>(show_smart);
  router.on<nodes_disks::LvmIndex>(list_lvm);
  router.on<nodes_disks::LvmthinIndex>(list_thin_pools);
  router.on<nodes_disks::ZfsIndex>(list_zfs);
  router.on<nodes_disks::DirectoryIndex>(list_directories);
  router.on<nodes_scan::Nfsscan>(scan_nfs);
  router.on<nodes_scan::Cifsscan>(scan_cifs);
  router.on<nodes_scan::Iscsiscan>(scan_iscsi);
  router.on<nodes_scan::Lvmscan>(scan_lvm);
  router.on<nodes_scan::Lvmthinscan>(scan_thin);
  router.on<nodes_scan::Zfsscan>(scan_zfs);
}

}  // namespace posada::api
