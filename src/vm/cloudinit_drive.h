// The snippets that the option `cicustom` puts on a machine's cloud-init drive. Internal to the
// module; the rest of cloudinit_drive.cc is declared in machine_state.h.
#pragma once

#include <memory>
#include <string>

#include "vm/machine_state.h"

namespace posada::vm {

// Throws when one that the value names is not there, too large or not for the caller.
sys::Async<void> check_snippets(std::shared_ptr<Machines::State> self, Caller caller,
                                std::string value);

}  // namespace posada::vm
