// Which block node is behind each disk of a running machine: the name that it was started with, or
// another one after the disk was moved.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "vm/qmp.h"

namespace posada::vm {

// By the disk's key ("scsi0"); empty drives are not among them.
using BlockNodes = std::map<std::string, std::string, std::less<>>;
sys::Async<BlockNodes> block_nodes(Qmp& qmp);
// "drive-KEY" when QEMU says nothing of the disk, as of firmware variables.
std::string node_of(const BlockNodes& nodes, const std::string& key);

}  // namespace posada::vm
