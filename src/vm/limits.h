// What a machine can have at most, checked when a config is written: QEMU would refuse it only when
// the machine starts. Pure.
#pragma once

#include "guest/config_text.h"

namespace posada::vm {

// `config` as it is to be; `asked` are the values that the request sets, and only what concerns them
// is checked, so that an old config can be mended key by key. Throws Error::parameter(key, …).
void check_limits(const guest::ConfigSection& config, const guest::Values& asked);

}  // namespace posada::vm
