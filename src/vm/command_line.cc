#include "vm/command_line.h"

#include <set>

#include "base/error.h"
#include "base/text.h"
#include "vm/command_parts.h"

namespace posada::vm {

using guest::property;

std::string escaped(std::string_view value) {
  std::string result;
  for (const char c : value) {
    result += c;
    if (c == ',') {
      result += ',';
    }
  }
  return result;
}

namespace {

void add_processors(Build& build) {
  const auto sockets = integer(build.config, "sockets", 1);
  const auto cores = integer(build.config, "cores", 1);
  const auto all = sockets * cores;
  const auto vcpus = integer(build.config, "vcpus", all);
  if (vcpus > all) {
    throw Error::failed("vm.too-many-vcpus", "vcpus (" + std::to_string(vcpus) +
                                                 ") is larger than sockets * cores (" +
                                                 std::to_string(all) + ")");
  }
  build.result.smp = {{"_", std::to_string(vcpus)},
                      {"sockets", std::to_string(sockets)},
                      {"cores", std::to_string(cores)},
                      {"maxcpus", std::to_string(all)}};
}

void add_smbios(Build& build) {
  if (!build.config.has("smbios1")) {
    return;
  }
  const auto smbios = smbios_format().parse(build.config.get("smbios1"));
  const bool encoded = guest::property_flag(smbios, "base64");
  build.result.smbios["type"] = "1";
  for (const auto& [name, value] : smbios) {
    if (name == "base64") {
      continue;
    }
    build.result.smbios[name] =
        encoded && name != "uuid" ? from_base64(value).value_or(value) : value;
  }
}

void check_media(const Drive& disk) {
  const std::string_view file = disk.file();
  const std::size_t colon = file.find(':');
  const bool image = colon != std::string_view::npos && file.substr(colon + 1).starts_with("iso/");
  if (image && !disk.options.contains("media")) {
    throw Error::failed("vm.media-missing",
                        disk.key + ": explicit media parameter is required for iso images");
  }
}

void take(Build& build, Plugged plugged, std::set<std::string>& controllers) {
  for (json::object& object : plugged.objects) {
    build.result.objects.push_back(std::move(object));
  }
  for (json::object& controller : plugged.controllers) {
    if (controllers.insert(*text_member(controller, "id")).second) {
      build.result.devices.push_back(std::move(controller));
    }
  }
  build.result.devices.push_back(std::move(plugged.device));
}

void add_disks(Build& build) {
  std::set<std::string> controllers;
  for (const Drive& disk : drives(build.config)) {
    if (disk.bus == "efidisk" || disk.bus == "tpmstate") {
      continue;
    }
    check_media(disk);
    const auto found = build.resources.disks.find(disk.key);
    const auto source =
        found == build.resources.disks.end() ? std::nullopt : std::optional(found->second);
    Plugged plugged = disk_device(build.config, build.machine(), build.host, disk, source);
    if (plugged.backend) {
      build.result.blockdevs.push_back(std::move(*plugged.backend));
    }
    take(build, std::move(plugged), controllers);
  }
}

void add_nets(Build& build) {
  std::set<std::string> none;
  for (int i = 0; i < 32; ++i) {
    const std::string key = "net" + std::to_string(i);
    if (!build.config.has(key)) {
      continue;
    }
    const auto found = build.resources.nets.find(key);
    const NetSource source = found == build.resources.nets.end() ? NetSource() : found->second;
    Plugged plugged = net_device(build.config, build.machine(), build.host, key, source);
    build.result.netdevs.push_back(std::move(*plugged.backend));
    take(build, std::move(plugged), none);
  }
}

void add_monitors(Build& build) {
  for (const std::string name : {"qmp", "qmp-worker"}) {
    if (name == "qmp" || build.resources.sockets.contains(name)) {
      add_socket(build, name, name);
      build.result.others.emplace_back("-mon", "chardev=" + name + ",mode=control");
    }
  }
}

// Sleep states of the firmware, where the config says something about them.
void add_sleep(Build& build) {
  const auto machine = machine_format().parse(build.config.get("machine"));
  const std::string owner = build.machine().q35 ? "ICH9-LPC" : "PIIX4_PM";
  for (const std::string state : {"s3", "s4"}) {
    if (!machine.contains("enable-" + state)) continue;
    build.result.globals[owner + ".disable_" + state] =
        guest::property_flag(machine, "enable-" + state) ? "0" : "1";
  }
}

void add_behaviour(Build& build) {
  auto& others = build.result.others;
  if (!flag(build.config, "allow-ksm", true)) {
    build.result.machine_options["mem-merge"] = "off";
  }
  if (!flag(build.config, "acpi", true)) {
    others.emplace_back("-no-acpi", "");
  }
  if (!flag(build.config, "reboot", true)) {
    others.emplace_back("-no-reboot", "");
  }
  if (build.config.has("keyboard")) {
    others.emplace_back("-k", std::string(build.config.get("keyboard")));
  }
}

}  // namespace

Invocation command_line(GuestId guest, const guest::ConfigSection& config, const HostFacts& host,
                        const Resources& resources) {
  Invocation result;
  Build build{guest, config, host, resources, result};
  result.machine = resolve_machine(config, host.qemu, host.node);
  const bool accelerated = host.accelerated && flag(config, "kvm", true);
  result.machine_options["accel"] = accelerated ? "kvm" : "tcg";
  result.cpu = cpu_model(config, result.machine, accelerated, host.custom_cpus);
  result.warnings = result.cpu.warnings;
  result.others.emplace_back(
      "-name", escaped(config.get("name", "vm" + guest.text())) + ",debug-threads=on");
  for (const auto& [set, descriptor] : resources.descriptor_sets) {
    result.others.emplace_back("-add-fd",
                               "fd=" + std::to_string(descriptor) + ",set=" + std::to_string(set));
  }
  add_monitors(build);
  add_processors(build);
  add_smbios(build);
  add_chipset(build);
  add_memory(build);
  add_firmware(build);
  add_usb(build);
  add_passthrough(build);
  add_display(build);
  add_ports(build);
  add_small_devices(build);
  add_disks(build);
  add_nets(build);
  add_bridges(build);
  add_clock(build);
  add_sleep(build);
  add_behaviour(build);
  return result;
}

namespace {

std::string joined(const std::map<std::string, std::string>& options) {
  std::string text;
  if (const auto bare = options.find("_"); bare != options.end()) {
    text = bare->second;
  }
  for (const auto& [name, value] : options) {
    if (name != "_") {
      text += (text.empty() ? "" : ",") + name + "=" + escaped(value);
    }
  }
  return text;
}

void append(std::vector<std::string>& arguments, std::string_view option,
            const std::vector<json::object>& objects) {
  for (const json::object& object : objects) {
    arguments.emplace_back(option);
    arguments.push_back(json::serialize(object));
  }
}

void append(std::vector<std::string>& arguments, const std::vector<Option>& options) {
  for (const auto& [name, value] : options) {
    arguments.push_back(name);
    if (!value.empty()) {
      arguments.push_back(value);
    }
  }
}

}  // namespace

std::vector<std::string> Invocation::arguments(std::string_view program) const {
  std::vector<std::string> result = {
      std::string(program), "-no-user-config", "-nodefaults", "-display", "none", "-vga", "none"};
  append(result, others);
  std::string machine_text = "type=" + escaped(machine.name);
  if (const std::string options = joined(machine_options); !options.empty()) {
    machine_text += "," + options;
  }
  append(result, {{"-machine", machine_text},
                  {"-cpu", cpu.text()},
                  {"-smp", joined(smp)},
                  {"-m", memory},
                  {"-boot", "menu=on,strict=on,reboot-timeout=1000"}});
  if (!smbios.empty()) {
    append(result, {{"-smbios", joined(smbios)}});
  }
  if (!rtc.empty()) {
    append(result, {{"-rtc", joined(rtc)}});
  }
  for (const auto& [name, value] : globals) {
    append(result, {{"-global", name + "=" + value}});
  }
  append(result, "-object", objects);
  append(result, numa);
  append(result, "-audiodev", audiodevs);
  append(result, "-blockdev", blockdevs);
  append(result, "-netdev", netdevs);
  append(result, "-device", devices);
  return result;
}

}  // namespace posada::vm
