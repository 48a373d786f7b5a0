// `posada-worker`: work that may block, crash or needs a library that the daemon must not load.
// Each piece is a process of its own, started by the daemon.
#include <cstdio>
#include <string_view>

#include "worker/auth.h"
#include "worker/job.h"
#include "worker/rrd.h"
#include "worker/serial.h"
#include "worker/works.h"

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "auth") return posada::worker::run_auth();
  if (mode == "job") return posada::worker::run_job(posada::worker::all_works(), argc, argv);
  if (mode == "rrd") return posada::worker::run_rrd(argc, argv);
  if (mode == "serial") return posada::worker::run_serial();
  std::fprintf(stderr,
               "usage: posada-worker auth | job PROTOCOL WORK FOLDER | rrd --folder DIR | serial\n");
  return 2;
}
