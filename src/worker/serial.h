// `posada-worker serial`: one serial port of a machine for any number of viewers. QEMU serves one
// at a time, so this process is that one: everybody sees what the port says and may type. Started
// for the first viewer with a listening socket for viewers (descriptor 3) and the connected port
// (4); ends with the port, or when the last viewer has left. Lives through the daemon's death.
#pragma once

namespace posada::worker {

int run_serial();

}  // namespace posada::worker
