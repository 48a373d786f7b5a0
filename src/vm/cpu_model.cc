#include "vm/cpu_model.h"

#include "vm/cpu_vendor.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "guest/properties.h"
#include "vm/config.h"

namespace posada::vm {

namespace {

using guest::property;

// The psABI levels of x86-64, as flags on QEMU's plainest 64-bit model.
constexpr std::string_view level_2 = "+popcnt;+pni;+sse4.1;+sse4.2;+ssse3";
constexpr std::string_view level_3_more = ";+abm;+avx;+avx2;+bmi1;+bmi2;+f16c;+fma;+movbe;+xsave";
constexpr std::string_view level_4_more = ";+avx512bw;+avx512cd;+avx512dq;+avx512f;+avx512vl";

std::string level_flags(std::string_view type) {
  std::string flags(level_2);
  if (type != "x86-64-v2") {
    flags += ";+aes";
  }
  if (type == "x86-64-v3" || type == "x86-64-v4") {
    flags += level_3_more;
  }
  if (type == "x86-64-v4") {
    flags += level_4_more;
  }
  return flags;
}

bool is_level(std::string_view type) {
  return type == "x86-64-v2" || type == "x86-64-v2-AES" || type == "x86-64-v3" ||
         type == "x86-64-v4";
}

// Flags by name, as the text QEMU gets ("+aes", "hv_time", "hv_spinlocks=0x1fff").
class Flags {
 public:
  void set(std::string name, std::string text, std::string origin, std::string reason = {}) {
    const auto found = flags_.find(name);
    if (found != flags_.end() && found->second.text != text) {
      warnings_.push_back("warning: CPU flag/setting '" + text + "' (set by " + origin +
                          ") overwrites '" + found->second.text + "' (set by " +
                          found->second.origin +
                          (found->second.reason.empty() ? "" : "; " + found->second.reason) + ")");
    }
    flags_[std::move(name)] = Flag{std::move(text), std::move(origin), std::move(reason)};
  }

  void set_list(std::string_view list, const std::string& origin) {
    for (const std::string& flag : split_list(list, ";")) {
      set(flag.substr(1), flag, origin);
    }
  }

  std::vector<std::string> list() const {
    std::vector<std::string> result;
    for (const auto& [name, flag] : flags_) {
      result.push_back(flag.text);
    }
    return result;
  }
  std::vector<std::string>& warnings() { return warnings_; }

 private:
  struct Flag {
    std::string text, origin, reason;
  };
  std::map<std::string, Flag> flags_;
  std::vector<std::string> warnings_;
};

// What Windows needs to know that it is a guest, so that its timers and spin locks behave.
void add_hyperv(Flags& flags, int windows, const Version& machine, std::string_view vendor_id) {
  const std::string origin = "Posada";
  const auto on = [&](const std::string& name) { flags.set(name, name, origin); };
  flags.set("hv_spinlocks", "hv_spinlocks=0x1fff", origin);
  on("hv_vapic");
  on("hv_time");
  if (windows >= 7) {
    on("hv_relaxed");
    if (machine >= Version{2, 12}) {
      for (const char* name : {"hv_reset", "hv_vpindex", "hv_runtime", "hv_synic", "hv_stimer"}) {
        on(name);
      }
    }
    if (machine >= Version{3, 1}) {
      on("hv_ipi");
    }
  }
  if (!vendor_id.empty()) {
    flags.set("hv_vendor_id", "hv_vendor_id=" + std::string(vendor_id), origin);
  }
}

void add_defaults(Flags& flags, const guest::ConfigSection& config, std::string_view model,
                  bool accelerated) {
  const std::string origin = "Posada";
  if (config.get("ostype") == "solaris") {
    flags.set("x2apic", "-x2apic", origin, "its interrupts do not work with it");
  }
  if (model == "kvm64" || model == "kvm32") {
    flags.set("sep", "+sep", origin);
  }
  if (model == "kvm64") {
    flags.set("lahf_lm", "+lahf_lm", origin, "to support 64-bit guests");
  }
  if (accelerated) {
    flags.set("kvm_pv_unhalt", "+kvm_pv_unhalt", origin,
              "to improve Linux guest spinlock performance");
    flags.set("kvm_pv_eoi", "+kvm_pv_eoi", origin, "to improve Linux guest interrupt performance");
  }
}

const CustomCpu& find_custom(const CustomCpus& custom, std::string_view type) {
  const auto found = custom.find(type.substr(7));
  if (found == custom.end()) {
    throw Error::failed("vm.cpu-model-unknown",
                        "Custom cputype '" + std::string(type.substr(7)) + "' not found");
  }
  return found->second;
}

void add_address_bits(std::vector<std::string>& options, std::string_view phys_bits,
                      std::string_view guest_bits) {
  if (!phys_bits.empty()) {
    options.push_back(phys_bits == "host" ? "host-phys-bits=true"
                                          : "phys-bits=" + std::string(phys_bits));
  }
  if (!guest_bits.empty()) {
    options.push_back("guest-phys-bits=" + std::string(guest_bits));
  }
}

}  // namespace

std::string CpuModel::text() const {
  std::string result = model;
  for (const std::string& option : options) {
    result += "," + option;
  }
  return result;
}

CustomCpus parse_cpu_models(std::string_view text) {
  CustomCpus result;
  CustomCpu* current = nullptr;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("cpu-model:")) {
      current = &result[std::string(trim(std::string_view(line).substr(10)))];
      continue;
    }
    const std::string_view body = trim(line);
    const std::size_t space = body.find_first_of(" \t");
    if (current == nullptr || body.empty() || space == std::string_view::npos) {
      continue;
    }
    const std::string_view key = body.substr(0, space);
    const std::string value(trim(body.substr(space)));
    if (key == "reported-model") current->reported_model = value;
    if (key == "flags") current->flags = value;
    if (key == "phys-bits") current->phys_bits = value;
    if (key == "guest-phys-bits") current->guest_phys_bits = value;
    if (key == "hv-vendor-id") current->hv_vendor_id = value;
    if (key == "hidden") current->hidden = guest::to_boolean(value).value_or(false);
  }
  return result;
}

std::string_view vendor_of(std::string_view model) {
  if (model.starts_with("EPYC") || model.starts_with("Opteron") || model == "athlon" ||
      model == "phenom") {
    return "AuthenticAMD";
  }
  for (const std::string_view name : {"486",           "pentium",      "coreduo",
                                      "core2duo",      "Conroe",       "Penryn",
                                      "Nehalem",       "Westmere",     "SandyBridge",
                                      "IvyBridge",     "Haswell",      "Broadwell",
                                      "Skylake",       "Cascadelake",  "Cooperlake",
                                      "Icelake",       "KnightsMill",  "SapphireRapids",
                                      "GraniteRapids", "SierraForest", "ClearwaterForest"}) {
    if (model.starts_with(name)) {
      return "GenuineIntel";
    }
  }
  return {};
}

CpuModel cpu_model(const guest::ConfigSection& config, const MachineType& machine, bool accelerated,
                   const CustomCpus& custom) {
  const auto properties = cpu_format().parse(config.get("cpu"));
  const std::string type(property(properties, "cputype", accelerated ? "kvm64" : "qemu64"));
  CpuModel result;
  CustomCpu own;
  result.model = type;
  if (type.starts_with("custom-")) {
    own = find_custom(custom, type);
    result.model = own.reported_model.empty() ? "kvm64" : own.reported_model;
  } else if (is_level(type)) {
    result.model = "qemu64";
  }
  const bool host = result.model == "host";
  if (host && !accelerated) {
    result.model = "max";
  }
  Flags flags;
  add_defaults(flags, config, type, accelerated);
  const int windows = windows_version(config.get("ostype"));
  if (accelerated && windows >= 6) {
    add_hyperv(flags, windows, machine.version,
               property(properties, "hv-vendor-id", own.hv_vendor_id));
  }
  if (is_level(type)) {
    flags.set_list(level_flags(type), "the CPU type");
  }
  flags.set_list(own.flags, "custom CPU model");
  flags.set_list(property(properties, "flags"), "VM");
  if (guest::property_flag(properties, "hidden", own.hidden)) {
    flags.set("kvm", "kvm=off", "VM");
  }
  if (accelerated && !host) {
    flags.set("enforce", "enforce", "Posada");
    if (const auto vendor = vendor_of(result.model); !vendor.empty()) {
      flags.set("vendor", "vendor=" + std::string(vendor), "Posada");
    }
  }
  if (const auto level = property(properties, "level"); !level.empty()) {
    result.options.push_back("level=" + std::string(level));
  }
  const auto list = flags.list();
  result.options.insert(result.options.end(), list.begin(), list.end());
  add_address_bits(result.options, property(properties, "phys-bits", own.phys_bits),
                   property(properties, "guest-phys-bits", own.guest_phys_bits));
  result.warnings = std::move(flags.warnings());
  return result;
}

}  // namespace posada::vm
