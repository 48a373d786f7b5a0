// The makers of the CPU models that guests can have.
#pragma once

#include <string_view>

namespace posada::vm {

// "AuthenticAMD", "GenuineIntel"; empty for models of no maker. QEMU must be told it with a model of
// one maker when the host's CPU is of another.
std::string_view vendor_of(std::string_view model);

}  // namespace posada::vm
