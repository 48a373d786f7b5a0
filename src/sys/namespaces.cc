#include "sys/namespaces.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <sys/prctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include "sys/fd.h"

namespace posada::sys {

namespace {

constexpr int setup_failed = 125;

std::pair<Fd, Fd> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("make a pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

void write_map(int pid, const char* name, const IdRange& ids) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  const std::string text = fmt::format("0 {} {}\n", ids.first, ids.count);
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw_errno("write " + path);
}

// In the child. Waits until the parent has written the maps, then becomes the namespace's root.
bool become_root_inside(const IdRange& ids, const std::string& folder, const Fd& ready,
                        const Fd& mapped) {
  char byte = 0;
  if (!ids.privileged() && ::unshare(CLONE_NEWUSER) != 0) return false;
  if (::write(ready.get(), "r", 1) != 1 || ::read(mapped.get(), &byte, 1) != 1) return false;
  if (!ids.privileged() &&
      (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0))
    return false;
  // The root folder may lie below folders that only the host's root may enter: it is opened
  // before the change of ids, by the caller's working directory.
  return ::chroot(".") == 0 && ::chdir("/") == 0 && !folder.empty();
}

}  // namespace

int run_inside(const IdRange& ids, const std::string& folder, const std::function<int()>& work) {
  auto [ready_read, ready_write] = make_pipe();
  auto [mapped_read, mapped_write] = make_pipe();
  const int parent = ::getpid();
  const int child = ::fork();
  if (child < 0) throw_errno("start a process for the guest's files");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || ::chdir(folder.c_str()) != 0 ||
        !become_root_inside(ids, folder, ready_write, mapped_read))
      ::_exit(setup_failed);
    ::_exit(work());
  }
  char byte = 0;
  ready_write.reset();
  const bool prepared = ::read(ready_read.get(), &byte, 1) == 1;
  if (prepared && !ids.privileged()) {
    write_map(child, "gid_map", ids);
    write_map(child, "uid_map", ids);
  }
  if (prepared && ::write(mapped_write.get(), "m", 1) != 1) throw_errno("go on in the namespace");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("wait for the process of the guest's files");
  }
  if (!WIFEXITED(status)) return -1;
  if (WEXITSTATUS(status) == setup_failed)
    throw Error::failed("sys.user-namespace",
                        "cannot enter the guest's user namespace at " + folder);
  return WEXITSTATUS(status);
}

void enter_network(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_errno("open the network namespace " + path);
  if (::setns(file.get(), CLONE_NEWNET) != 0) throw_errno("enter the network namespace " + path);
}

}  // namespace posada::sys
