// Memory, NUMA, firmware and clock (command_parts.h).
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "vm/command_parts.h"

namespace posada::vm {

using guest::property;
using guest::property_integer;

namespace {

constexpr std::int64_t mib = 1024 * 1024;

bool hotplugs(const guest::ConfigSection& config, std::string_view what) {
  const auto features = split_list(config.get("hotplug", "network,disk,usb"), ",;");
  return std::find(features.begin(), features.end(), what) != features.end();
}

json::object memory_object(const Build& build, std::string id, std::int64_t size_mib) {
  json::object object = {
      {"qom-type", "memory-backend-ram"}, {"id", std::move(id)}, {"size", size_mib * mib}};
  const std::string_view pages = build.config.get("hugepages");
  if (!pages.empty()) {
    // Anonymous huge pages need no path that the guest's user could open.
    object["qom-type"] = "memory-backend-memfd";
    object["hugetlb"] = true;
    if (pages != "any") {
      object["hugetlbsize"] = *to_integer(pages) * mib;
    }
    object["share"] = true;
    object["prealloc"] = true;
  }
  return object;
}

struct Node {
  std::string cpus;
  std::int64_t memory = 0;
  std::string hostnodes, policy;
};

std::string cpu_range(std::int64_t first, std::int64_t count) {
  const std::string start = std::to_string(first);
  return count == 1 ? start : start + "-" + std::to_string(first + count - 1);
}

std::vector<Node> numa_nodes(const guest::ConfigSection& config, std::int64_t memory) {
  std::vector<Node> nodes;
  std::int64_t total = 0;
  for (int i = 0; i < 8; ++i) {
    const std::string key = "numa" + std::to_string(i);
    if (!config.has(key)) {
      continue;
    }
    const auto numa = numa_format().parse(config.get(key));
    Node node;
    node.cpus = property(numa, "cpus");
    // A number of MiB that some clients write with a fraction of zeros.
    node.memory = std::strtoll(std::string(property(numa, "memory")).c_str(), nullptr, 10);
    node.hostnodes = property(numa, "hostnodes");
    node.policy = property(numa, "policy", node.hostnodes.empty() ? "" : "preferred");
    if (node.memory <= 0) {
      throw Error::failed("vm.numa-memory",
                          "missing NUMA node" + std::to_string(i) + " memory value");
    }
    total += node.memory;
    nodes.push_back(std::move(node));
  }
  if (!nodes.empty()) {
    if (total != memory) {
      throw Error::failed("vm.numa-total",
                          "total memory for NUMA nodes must be equal to vm static memory");
    }
    return nodes;
  }
  const auto sockets = integer(config, "sockets", 1);
  const auto cores = integer(config, "cores", 1);
  for (std::int64_t i = 0; i < sockets; ++i) {
    nodes.push_back({cpu_range(i * cores, cores), memory / sockets, {}, {}});
  }
  return nodes;
}

void add_numa(Build& build, std::int64_t memory) {
  const auto nodes = numa_nodes(build.config, memory);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    const std::string id = "ram-node" + std::to_string(i);
    json::object object = memory_object(build, id, node.memory);
    if (!node.hostnodes.empty()) {
      json::array hosts;
      for (const std::string& part : split(node.hostnodes, ';')) {
        const auto ends = split(part, '-');
        for (auto n = *to_integer(ends.front()); n <= *to_integer(ends.back()); ++n) {
          hosts.push_back(n);
        }
      }
      object["host-nodes"] = std::move(hosts);
      object["policy"] = node.policy;
    }
    build.result.objects.push_back(std::move(object));
    std::string text = "node,nodeid=" + std::to_string(i);
    for (const std::string& range : split(node.cpus, ';')) {
      text += ",cpus=" + range;
    }
    build.result.numa.emplace_back("-numa", text + ",memdev=" + id);
  }
}

// Half of what a CPU with `bits` address bits reaches, at most 4 TiB.
std::int64_t largest_memory(const guest::ConfigSection& config) {
  const auto cpu = cpu_format().parse(config.get("cpu"));
  const auto bits = property_integer(cpu, "phys-bits", 40);
  return std::min<std::int64_t>(std::int64_t{1} << std::clamp<std::int64_t>(bits - 21, 10, 40),
                                4194304);
}

// Memory above the static part sits in modules that double their size after each 32.
void add_modules(Build& build, std::int64_t from, std::int64_t memory) {
  const auto sockets = integer(build.config, "sockets", 1);
  std::int64_t size = build.config.get("hugepages") == "1024" ? 1024 : 512;
  for (int number = 0; from < memory; ++number) {
    if (number > 0 && number % 32 == 0) {
      size *= 2;
    }
    const std::string id = std::to_string(number);
    build.result.objects.push_back(memory_object(build, "mem-dimm" + id, size));
    build.result.devices.push_back({{"driver", "pc-dimm"},
                                    {"id", "dimm" + id},
                                    {"memdev", "mem-dimm" + id},
                                    {"node", number % 32 % sockets}});
    from += size;
  }
}

}  // namespace

void add_memory(Build& build) {
  const auto memory = static_cast<std::int64_t>(memory_mib(build.config));
  const bool numa = flag(build.config, "numa", false);
  if (!hotplugs(build.config, "memory")) {
    build.result.memory = std::to_string(memory);
    if (numa) {
      add_numa(build, memory);
    } else if (build.config.has("hugepages")) {
      throw Error::failed("vm.hugepages-need-numa", "numa needs to be enabled to use hugepages");
    }
    return;
  }
  if (!numa) {
    throw Error::failed("vm.hotplug-needs-numa", "NUMA needs to be enabled for memory hotplug");
  }
  std::int64_t fixed = 1024;
  if (build.config.get("hugepages") == "1024") {
    fixed *= integer(build.config, "sockets", 1);
  }
  if (memory < fixed) {
    throw Error::failed("vm.memory-too-small",
                        "minimum memory must be " + std::to_string(fixed) + "MB");
  }
  build.result.memory = "size=" + std::to_string(fixed) +
                        ",slots=255,maxmem=" + std::to_string(largest_memory(build.config)) + "M";
  add_numa(build, fixed);
  add_modules(build, fixed, memory);
}

Firmware firmware_files(const guest::ConfigSection& config) {
  const auto disk = drive(config, "efidisk0");
  const bool large = disk && property(disk->options, "efitype", "2m") == "4m";
  if (!large) {
    return {"OVMF_CODE.fd", "OVMF_VARS.fd", 128 * 1024};
  }
  const bool keys = guest::property_flag(disk->options, "pre-enrolled-keys");
  // The build that guards its variables by system management mode runs on q35 only; on pc the other
  // one checks signatures as well.
  const bool q35 = names_q35(config);
  return {keys && q35 ? "OVMF_CODE_4M.secboot.fd" : "OVMF_CODE_4M.fd",
          keys ? "OVMF_VARS_4M.ms.fd" : "OVMF_VARS_4M.fd", 528 * 1024};
}

void add_firmware(Build& build) {
  if (build.config.get("bios", "seabios") != "ovmf") {
    return;
  }
  const Firmware files = firmware_files(build.config);
  DiskSource code = build.resources.firmware_code.value_or(DiskSource{
      build.host.firmware_folder + "/" + files.code, "raw", false, true, false, "", 0, {}});
  code.read_only = true;
  Drive pflash;
  pflash.key = "pflash0";
  pflash.options["cache"] = "writeback";
  pflash.options["detect_zeroes"] = "0";
  build.result.blockdevs.push_back(block_node(pflash, code, "threads"));
  build.result.machine_options["pflash0"] = "drive-pflash0";
  const auto source = build.resources.disks.find("efidisk0");
  if (source == build.resources.disks.end()) {
    return;
  }
  Drive variables = *drive(build.config, "efidisk0");
  variables.options["cache"] = "writeback";
  variables.options["detect_zeroes"] = "0";
  DiskSource bytes = source->second;
  bytes.limit_bytes = files.variable_bytes;
  build.result.blockdevs.push_back(block_node(variables, bytes, "threads"));
  build.result.machine_options["pflash1"] = "drive-efidisk0";
}

void add_clock(Build& build) {
  const int windows = windows_version(build.ostype());
  const bool acpi = flag(build.config, "acpi", true);
  if (flag(build.config, "tdf", windows > 0 && acpi)) {
    build.result.rtc["driftfix"] = "slew";
  }
  const std::string_view start = build.config.get("startdate", "now");
  if (start != "now") {
    build.result.rtc["base"] = start;
  } else if (flag(build.config, "localtime", windows > 0)) {
    build.result.rtc["base"] = "localtime";
  }
  if (windows >= 6) {
    build.result.globals["kvm-pit.lost_tick_policy"] = "discard";
    build.result.machine_options["hpet"] = "off";
  }
}

}  // namespace posada::vm
