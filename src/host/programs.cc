#include "host/programs.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace posada::host {
namespace {

struct Packaged {
  std::string_view program, package;
};
constexpr auto packages = std::to_array<Packaged>({
    {"apt-cache", "apt"},
    {"apt-get", "apt"},
    {"dpkg-query", "dpkg"},
    {"ip", "iproute2"},
    {"iscsiadm", "open-iscsi"},
    {"journalctl", "systemd"},
    {"login", "login"},
    {"lsblk", "util-linux"},
    {"lvs", "lvm2"},
    {"setsid", "util-linux"},
    {"showmount", "nfs-common"},
    {"shutdown", "systemd-sysv"},
    {"smartctl", "smartmontools"},
    {"smbclient", "smbclient"},
    {"systemctl", "systemd"},
    {"vgs", "lvm2"},
    {"zfs", "zfsutils-linux"},
    {"zpool", "zfsutils-linux"},
});

std::string last_line(const std::string& text) {
  const std::vector<std::string> lines = split_list(text, "\n");
  return lines.empty() ? std::string() : std::string(trim(lines.back()));
}

}  // namespace

std::string package_of(std::string_view program) {
  const auto found = std::find_if(packages.begin(), packages.end(), [program](const Packaged& one) {
    return one.program == program;
  });
  return std::string(found == packages.end() ? program : found->package);
}

Error program_missing(const std::string& program) {
  const std::string package = package_of(program);
  return Error::failed(
             "host.program-missing",
             "the program '" + program + "' is not installed (Debian package " + package + ")",
             {{"program", program}, {"package", package}})
      .with_hint("Install it on the node: apt-get install " + package);
}

sys::Async<sys::Finished> SystemPrograms::run(Run run) {
  sys::Command command;
  command.arguments = run.arguments;
  command.environment = run.environment;
  try {
    co_return co_await sys::run(std::move(command), {}, run.deadline, run.limit);
  } catch (const Error& error) {
    if (error.code() != "sys.program-missing") throw;
  }
  throw program_missing(run.arguments.at(0));
}

sys::Async<std::string> output_of(Programs& programs, Run run) {
  const std::string name = run.arguments.at(0);
  sys::Finished finished = co_await programs.run(std::move(run));
  if (finished.status != 0) {
    std::string reason = last_line(finished.errors);
    if (reason.empty()) reason = "exit status " + std::to_string(finished.status);
    throw Error::failed("host.program-failed", name + " failed: " + reason, {{"program", name}});
  }
  co_return std::move(finished.output);
}

}  // namespace posada::host
