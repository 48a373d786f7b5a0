// `posada-worker TASK`: work that may block, crash or needs a library that the daemon must not
// load. Each task is a process of its own, started by the daemon.
#include <cstdio>
#include <string_view>

#include "worker/auth.h"

int main(int argc, char** argv) {
  const std::string_view task = argc > 1 ? argv[1] : "";
  if (task == "auth") return posada::worker::run_auth();
  std::fprintf(stderr, "usage: posada-worker auth\n");
  return 2;
}
