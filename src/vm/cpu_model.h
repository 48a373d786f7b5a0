// The CPU that a guest sees: `cpu` of its config as QEMU's -cpu. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "guest/config_text.h"
#include "vm/machine_type.h"

namespace posada::vm {

// A model of the administrator's own (`custom-NAME`), from virtual-guest/cpu-models.conf.
struct CustomCpu {
  std::string reported_model;  // empty: kvm64
  std::string flags;           // "+aes;-avx"
  std::string phys_bits;       // "8"…"64" or "host"
  std::string guest_phys_bits;
  std::string hv_vendor_id;
  bool hidden = false;
};
using CustomCpus = std::map<std::string, CustomCpu, std::less<>>;
CustomCpus parse_cpu_models(std::string_view text);

struct CpuModel {
  std::string model;
  std::vector<std::string> options;  // in the order QEMU gets them
  std::vector<std::string> warnings;
  std::string text() const;
};

// `accelerated`: by KVM; otherwise emulated, where "host" means everything QEMU can emulate and
// flags of a hypervisor make no sense.
CpuModel cpu_model(const guest::ConfigSection& config, const MachineType& machine, bool accelerated,
                   const CustomCpus& custom);

}  // namespace posada::vm
