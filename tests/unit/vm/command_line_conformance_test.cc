// The hardware that the field's reference implementation gives a guest, config by config: devices
// with their drivers, buses and addresses, CPU, memory, machine. Ours must be the same, so that a
// guest that moves in finds the machine that it knows.
#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "support/conformance.h"
#include "vm/command_line.h"

namespace posada::vm {
namespace {

// Cases of what is not built yet.
const std::map<std::string, std::string>& not_built() {
  static const std::map<std::string, std::string> cases = {
      {"efi-raw-template", "templates run for a backup with hardware of their own"},
      {"q35-linux-hostpci-template", "templates run for a backup with hardware of their own"},
      {"q35-linux-hostpci-mapping", "mappings of PCI devices"},
      {"efi-secboot-and-tpm-q35", "TPM"},
      {"sev-snp", "memory encryption"},
      {"scsiblk", "a block device of the host passed through (scsiblock)"},
      {"simple-backingchain", "snapshots as chains of volumes"},
      {"spice-enhancments", "SPICE folder sharing"},
      {"unsupported-storage-content-type", "what a storage may hold is the storage's to say"},
  };
  return cases;
}

std::string plain(const json::value& value) {
  if (value.is_bool()) {
    return value.as_bool() ? "on" : "off";
  }
  return text_of(value);
}

using Device = std::map<std::string, std::string>;

std::multiset<Device> devices(const json::array& list) {
  std::multiset<Device> result;
  for (const json::value& item : list) {
    Device device;
    for (const auto& [key, value] : item.as_object()) {
      if (key != "drive") {  // an empty drive needs no name here
        device[std::string(key)] = plain(value);
      }
    }
    result.insert(std::move(device));
  }
  return result;
}

std::string shown(const std::multiset<Device>& list) {
  std::string text;
  for (const Device& device : list) {
    for (const auto& [key, value] : device) {
      text += key + "=" + value + " ";
    }
    text += "\n";
  }
  return text;
}

std::map<std::string, std::string> options_of(const json::object& hardware, std::string_view name) {
  std::map<std::string, std::string> result;
  if (const auto* found = hardware.if_contains(name)) {
    for (const auto& [key, value] : found->as_object()) {
      result[std::string(key)] = plain(value);
    }
  }
  return result;
}

Invocation build(const json::object& entry, const json::object& fixture) {
  const auto parsed = guest::parse_config(entry.at("config").as_string(), grammar(), GuestId{8006});
  HostFacts host;
  host.node = "localhost";
  host.qemu = Version::parse(entry.at("host").at("qemu_version").as_string());
  host.accelerated = true;
  host.custom_cpus = parse_cpu_models(fixture.at("cpu_models_conf").as_string());
  host.bridge_mtu = [](std::string_view bridge) {
    return bridge == "vxlan_bridge" ? 1450U : 1500U;
  };
  Resources resources;
  for (const Drive& disk : drives(parsed.config.main)) {
    if (disk.file() != "none") {
      resources.disks[disk.key] = DiskSource{"/dev/fdset/1", "raw", false, false, true, "", 0, {}};
    }
  }
  return command_line(GuestId{8006}, parsed.config.main, host, resources);
}

// "pc-i440fx-7.2" as the expectation says it: "pc".
std::string machine_name(const Invocation& invocation, std::string expected) {
  expected = expected.substr(0, expected.find('+'));
  const bool alias = expected == "pc" || expected == "q35";
  if (alias && !invocation.machine.pinned) {
    return expected == (invocation.machine.q35 ? "q35" : "pc") ? expected : "other";
  }
  return invocation.machine.name;
}

void compare(const Invocation& invocation, const json::object& hardware) {
  json::array ours;
  const bool configured = hardware.contains("readconfig");
  for (std::size_t i = configured ? invocation.chipset_devices : 0; i < invocation.devices.size();
       ++i) {
    ours.push_back(invocation.devices[i]);
  }
  const auto expected = devices(hardware.at("devices").as_array());
  const auto got = devices(ours);
  EXPECT_EQ(shown(got), shown(expected));
  EXPECT_EQ(invocation.cpu.model, std::string(hardware.at("cpu").at("model").as_string()));
  std::vector<std::string> flags;
  if (const auto* list = hardware.at("cpu").as_object().if_contains("flags")) {
    for (const json::value& flag : list->as_array()) {
      flags.emplace_back(flag.as_string());
    }
  }
  EXPECT_EQ(invocation.cpu.options, flags);
  EXPECT_EQ(invocation.smp, options_of(hardware, "smp"));
  EXPECT_EQ(invocation.smbios, options_of(hardware, "smbios"));
  EXPECT_EQ(invocation.rtc, options_of(hardware, "rtc"));
  EXPECT_EQ(invocation.globals, options_of(hardware, "globals"));
  auto machine = options_of(hardware, "machine");
  EXPECT_EQ(machine_name(invocation, machine.at("type")),
            machine.at("type").substr(0, machine.at("type").find('+')));
  machine.erase("type");
  auto our_machine = invocation.machine_options;
  our_machine.erase("accel");
  our_machine.erase("pflash0");
  our_machine.erase("pflash1");
  EXPECT_EQ(our_machine, machine);
  std::string memory;
  for (const std::string name : {"_", "size", "slots", "maxmem"}) {
    const auto m = options_of(hardware, "m");
    if (m.contains(name)) {
      memory += (memory.empty() ? "" : ",") + (name == "_" ? "" : name + "=") + m.at(name);
    }
  }
  EXPECT_EQ(invocation.memory, memory);
  std::vector<std::string> numa, our_numa;
  if (const auto* list = hardware.if_contains("numa")) {
    for (const json::value& item : list->as_array()) {
      numa.push_back("node,nodeid=" + plain(item.at("nodeid")) + ",cpus=" + plain(item.at("cpus")) +
                     ",memdev=" + plain(item.at("memdev")));
    }
  }
  for (const auto& [option, value] : invocation.numa) {
    our_numa.push_back(value);
  }
  EXPECT_EQ(our_numa, numa);
}

TEST(CommandLineConformance, EveryConfigGetsTheReferencesHardware) {
  const auto file = posada::testing::conformance("qemu_cfg2cmd");
  if (!file) {
    GTEST_SKIP() << "conformance/qemu_cfg2cmd.json is absent";
  }
  std::size_t passed = 0, skipped = 0;
  for (const json::value& item : file->at("cases").as_array()) {
    const json::object& entry = item.as_object();
    const std::string id(entry.at("id").as_string());
    if (const auto reason = not_built().find(id); reason != not_built().end()) {
      std::cout << "[  SKIPPED ] " << id << ": " << reason->second << "\n";
      ++skipped;
      continue;
    }
    SCOPED_TRACE(id);
    const json::object& expect = entry.at("expect").as_object();
    try {
      const Invocation invocation = build(entry, file->at("fixture").as_object());
      ASSERT_TRUE(expect.contains("hardware")) << "should have failed: " << expect.at("error");
      compare(invocation, expect.at("hardware").as_object());
    } catch (const Error& error) {
      EXPECT_TRUE(expect.contains("error")) << error.what();
      if (expect.contains("error")) {
        EXPECT_EQ(std::string(error.what()), std::string(expect.at("error").as_string()));
      }
    }
    ++passed;
  }
  std::cout << passed << " cases compared, " << skipped << " not built\n";
}

}  // namespace
}  // namespace posada::vm
