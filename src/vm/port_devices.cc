// Serial ports, channels and small devices (command_parts.h).
#include "base/error.h"
#include "base/text.h"
#include "vm/command_parts.h"

namespace posada::vm {

using guest::property;
using guest::property_flag;
using guest::property_integer;

void add_socket(Build& build, std::string_view name, std::string_view id) {
  std::string text = "socket,id=" + std::string(id);
  const auto found = build.resources.sockets.find(name);
  if (found != build.resources.sockets.end()) {
    text += ",fd=" + std::to_string(found->second);
  } else {
    text += ",path=" + escaped(build.resources.socket_folder + "/" + std::string(name));
  }
  build.result.others.emplace_back("-chardev", text + ",server=on,wait=off");
}

namespace {

void add_serial_ports(Build& build) {
  for (int i = 0; i < 4; ++i) {
    const std::string key = "serial" + std::to_string(i);
    if (!build.config.has(key)) {
      continue;
    }
    if (build.config.get(key) == "socket") {
      add_socket(build, key, key);
    } else {
      build.result.others.emplace_back(
          "-chardev", "serial,id=" + key + ",path=" + escaped(build.config.get(key)));
    }
    build.result.devices.push_back({{"driver", "isa-serial"}, {"chardev", key}});
  }
}

void add_agent(Build& build) {
  const auto agent = agent_of(build.config);
  if (!property_flag(agent, "enabled")) {
    return;
  }
  add_socket(build, "qga", "qga0");
  if (property(agent, "type", "virtio") == "isa") {
    build.result.devices.push_back({{"driver", "isa-serial"}, {"chardev", "qga0"}});
    return;
  }
  json::object bus = {{"driver", "virtio-serial"}, {"id", "qga0"}};
  at_address(bus, "qga0");
  build.result.devices.push_back(std::move(bus));
  build.result.devices.push_back(
      {{"driver", "virtserialport"}, {"chardev", "qga0"}, {"name", "org.qemu.guest_agent.0"}});
}

// The channel of the guest's desktop agent, for the clipboard of VNC; SPICE itself is not built.
void add_desktop_agent(Build& build) {
  const auto vga = display(build.config);
  const bool clipboard = vga.contains("clipboard");
  if (!property(vga, "type").starts_with("qxl") && !clipboard) {
    return;
  }
  json::object bus = {{"driver", "virtio-serial"}, {"id", "spice"}};
  at_address(bus, "spice");
  build.result.devices.push_back(std::move(bus));
  build.result.others.emplace_back(
      "-chardev",
      std::string("qemu-vdagent,id=vdagent,name=vdagent,clipboard=") + (clipboard ? "on" : "off"));
  build.result.devices.push_back(
      {{"driver", "virtserialport"}, {"chardev", "vdagent"}, {"name", "com.redhat.spice.0"}});
}

}  // namespace

void add_ports(Build& build) {
  add_serial_ports(build);
  add_agent(build);
  add_desktop_agent(build);
}

namespace {

void add_sound(Build& build) {
  if (!build.config.has("audio0")) {
    return;
  }
  const auto audio = audio_format().parse(build.config.get("audio0"));
  const std::string id = "audiodev0";
  build.result.audiodevs.push_back({{"driver", "none"}, {"id", "none-backend0"}});
  json::object card = {{"driver", property(audio, "device")}, {"id", id}};
  at_address(card, "audio0");
  const bool hda = property(audio, "device") != "AC97";
  if (!hda) {
    card["audiodev"] = "none-backend0";
  }
  build.result.devices.push_back(std::move(card));
  for (int codec = 0; hda && codec < 2; ++codec) {
    build.result.devices.push_back({{"driver", codec == 0 ? "hda-micro" : "hda-duplex"},
                                    {"id", id + "-codec" + std::to_string(codec)},
                                    {"bus", id + ".0"},
                                    {"cad", codec},
                                    {"audiodev", "none-backend0"}});
  }
}

void add_rng(Build& build) {
  if (!build.config.has("rng0")) {
    return;
  }
  const auto rng = rng_format().parse(build.config.get("rng0"));
  build.result.objects.push_back(
      {{"qom-type", "rng-random"}, {"id", "rng0"}, {"filename", property(rng, "source")}});
  json::object device = {{"driver", "virtio-rng-pci"}, {"rng", "rng0"}};
  if (const auto bytes = property_integer(rng, "max_bytes", 1024); bytes > 0) {
    device["max-bytes"] = bytes;
    device["period"] = property_integer(rng, "period", 1000);
  }
  at_address(device, "rng0");
  build.result.devices.push_back(std::move(device));
}

void add_watchdog(Build& build) {
  if (!build.config.has("watchdog")) {
    return;
  }
  const auto watchdog = watchdog_format().parse(build.config.get("watchdog"));
  json::object device = {{"driver", property(watchdog, "model", "i6300esb")}, {"id", "watchdog"}};
  if (property(watchdog, "model", "i6300esb") == "i6300esb") {
    at_address(device, "watchdog");
  }
  build.result.devices.push_back(std::move(device));
  if (watchdog.contains("action")) {
    build.result.others.emplace_back("-action",
                                     "watchdog=" + std::string(property(watchdog, "action")));
  }
}

void add_balloon(Build& build) {
  if (build.config.get("balloon") == "0") {
    return;
  }
  json::object device = {{"driver", "virtio-balloon-pci"}, {"id", "balloon0"}};
  at_address(device, "balloon0");
  if (build.machine().version >= Version{6, 2}) {
    device["free-page-reporting"] = true;
  }
  build.result.devices.push_back(std::move(device));
}

void add_iommu(Build& build) {
  const auto machine = machine_format().parse(build.config.get("machine"));
  const std::string_view kind = property(machine, "viommu");
  if (kind.empty()) {
    if (machine.contains("aw-bits")) {
      throw Error::failed("vm.aw-bits-alone", "cannot set aw-bits if no vIOMMU is configured");
    }
    return;
  }
  json::object device;
  if (kind == "intel") {
    if (!build.machine().q35) {
      throw Error::failed("vm.iommu-needs-q35",
                          "to use Intel vIOMMU please set the machine type to q35");
    }
    device = {{"driver", "intel-iommu"}, {"intremap", "on"}, {"caching-mode", true}};
    build.result.machine_options["kernel-irqchip"] = "split";
  } else {
    device["driver"] = "virtio-iommu-pci";
  }
  if (machine.contains("aw-bits")) {
    device["aw-bits"] = property_integer(machine, "aw-bits");
  }
  build.result.devices.push_back(std::move(device));
}

}  // namespace

void add_small_devices(Build& build) {
  if (const auto id = build.config.get("vmgenid", "0"); id.size() == 36) {
    build.result.devices.push_back({{"driver", "vmgenid"}, {"guid", id}});
  }
  add_iommu(build);
  add_sound(build);
  add_rng(build);
  add_watchdog(build);
  add_balloon(build);
}

void add_passthrough(Build& build) {
  for (int i = 0; i < 16; ++i) {
    const std::string key = "hostpci" + std::to_string(i);
    if (!build.config.has(key)) {
      continue;
    }
    const auto pci = hostpci_format().parse(build.config.get(key));
    if (build.machine().q35 && build.machine().version >= Version{6, 1}) {
      // With hot plug by ACPI on bridges, passed-through cards lose their slots.
      build.result.globals["ICH9-LPC.acpi-pci-hotplug-with-bridge-support"] = "off";
    }
    if (!pci.contains("host") || property(pci, "host").find(';') != std::string_view::npos) {
      throw Error::not_implemented("mapping", key);
    }
    std::string host(property(pci, "host"));
    if (host.size() < 11) {
      host = "0000:" + host;
    }
    json::object device = {{"driver", "vfio-pci"}, {"host", host}, {"id", key}};
    if (property_flag(pci, "pcie")) {
      if (!build.machine().q35) {
        throw Error::failed("vm.pcie-needs-q35", "q35 machine model is not enabled");
      }
      const std::string port = "ich9-pcie-port-" + std::to_string(i + 1);
      if (i >= 4) {
        build.result.devices.push_back({{"driver", "pcie-root-port"},
                                        {"id", port},
                                        {"addr", "10." + std::to_string(i % 4)},
                                        {"x-speed", "16"},
                                        {"x-width", "32"},
                                        {"multifunction", true},
                                        {"bus", "pcie.0"},
                                        {"port", i + 1},
                                        {"chassis", i + 1}});
      }
      device["bus"] = port;
      device["addr"] = "0x0";
    } else {
      at_address(device, key);
    }
    if (!property_flag(pci, "rombar", true)) {
      device["rombar"] = 0;
    }
    build.result.devices.push_back(std::move(device));
  }
}

}  // namespace posada::vm
