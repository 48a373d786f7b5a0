// Machine types: what a config asks for, and the exact one that a guest gets at its start. Pure.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "guest/config_text.h"

namespace posada::vm {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = -1;  // not said
  auto operator<=>(const Version&) const = default;
  // "7.2.22", "9.0"; what is no number ends it.
  static Version parse(std::string_view text);
  std::string text() const;  // "7.2" or "7.2.22"
};

struct MachineType {
  std::string name;  // for QEMU, without a "+pveN" that only its origin knows: "pc-q35-7.2"
  bool q35 = false;
  Version version;      // decides which hardware details a guest gets
  bool pinned = false;  // the config names the version, or its system needs one fixed
  bool pxe = false;     // old ".pxe" suffix: cards get a network boot ROM by name
  std::string written;  // as the config says it, with "+pveN": for people
};

// Resolves the `machine` of `config` for an installed QEMU. "pc" and "q35" become the newest, but
// for Windows, which takes changed hardware badly: it keeps the version it was created with
// (`meta`), or 5.1 where that is not known. Throws Error "Installed QEMU version '7.2' is too old
// to run machine type 'pc-q35-9.0+pve0', please upgrade node 'NAME'".
MachineType resolve_machine(const guest::ConfigSection& config, const Version& installed,
                            std::string_view node);

// Whether it becomes a q35, whatever is installed.
bool names_q35(const guest::ConfigSection& config);

// 5, 6, 7, 8, 10, 11 for the Windows types of `ostype`; 0 for everything else.
int windows_version(std::string_view ostype);

}  // namespace posada::vm
