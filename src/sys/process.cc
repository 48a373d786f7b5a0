#include "sys/process.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"

namespace posada::sys {

namespace asio = boost::asio;

namespace {

constexpr const char* default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  for (const std::string& folder : split(default_path, ':')) {
    std::string path = folder + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  throw Error::failed("sys.program-missing", "the program '" + name + "' is not installed",
                      {{"program", name}});
}

// Everything the child needs, laid out before it exists: it shares our memory and may only make
// raw system calls until the exec.
struct Plan {
  std::string program;
  std::string folder;
  std::vector<char*> arguments, environment;
  std::vector<std::pair<int, int>> descriptors;  // (in the child, ours), ascending
  std::vector<gid_t> groups;
  const Command* command = nullptr;
  int failure = 0;               // errno of the failed step
  const char* step = "";
};

bool fail(Plan& plan, const char* step) {
  plan.failure = errno;
  plan.step = step;
  return false;
}

bool place_descriptors(Plan& plan) {
  int above = 3;
  for (const auto& [target, source] : plan.descriptors) above = std::max(above, target + 1);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return fail(plan, "open /dev/null");
  const int spare_null = ::fcntl(null, F_DUPFD_CLOEXEC, above);
  // Copies above every target first, so that no placement overwrites a source.
  for (auto& [target, source] : plan.descriptors) {
    source = ::fcntl(source, F_DUPFD_CLOEXEC, above);
    if (source < 0) return fail(plan, "duplicate a descriptor");
  }
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  for (int number = 0; number < 3; ++number) ::dup2(spare_null, number);
  for (const auto& [target, source] : plan.descriptors) {
    if (::dup2(source, target) < 0) return fail(plan, "place a descriptor");
  }
  return true;
}

bool prepare_child(Plan& plan) {
  const Command& command = *plan.command;
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (command.new_session) ::setsid();
  if (command.network_namespace && ::setns(*command.network_namespace, CLONE_NEWNET) != 0) {
    return fail(plan, "enter the network namespace");
  }
  if (!place_descriptors(plan)) return false;
  if (::chdir(plan.folder.c_str()) != 0) return fail(plan, "enter the working directory");
  ::umask(022);
  // The raw calls: glibc's wrappers would change the credentials of the daemon's threads too.
  if (command.uid || command.gid) {
    if (::syscall(SYS_setgroups, plan.groups.size(), plan.groups.data()) != 0) {
      return fail(plan, "set the groups");
    }
  }
  if (command.gid && ::syscall(SYS_setresgid, *command.gid, *command.gid, *command.gid) != 0) {
    return fail(plan, "set the group id");
  }
  if (command.uid && ::syscall(SYS_setresuid, *command.uid, *command.uid, *command.uid) != 0) {
    return fail(plan, "set the user id");
  }
  if (command.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return fail(plan, "set no_new_privs");
  }
  return true;
}

int child_main(void* argument) {
  Plan& plan = *static_cast<Plan*>(argument);
  if (prepare_child(plan)) {
    ::execve(plan.program.c_str(), plan.arguments.data(), plan.environment.data());
    fail(plan, "execute the program");
  }
  ::_exit(127);
}

std::vector<std::string> environment_of(const Command& command) {
  std::map<std::string, std::string> variables = {
      {"PATH", default_path}, {"LANG", "C.UTF-8"}, {"HOME", "/"}};
  for (const auto& [name, value] : command.environment) variables[name] = value;
  std::vector<std::string> texts;
  for (const auto& [name, value] : variables) texts.push_back(name + "=" + value);
  return texts;
}

}  // namespace

struct Child::State {
  State(const Executor& executor, int pid, Fd pidfd)
      : pid(pid), pidfd(std::move(pidfd)), watch(executor, this->pidfd.duplicate().release()) {}
  int pid;
  Fd pidfd;
  asio::posix::stream_descriptor watch;
  std::optional<int> status;
};

Child::Child(Executor executor, int pid, Fd pidfd)
    : state_(std::make_shared<State>(executor, pid, std::move(pidfd))) {}
Child::~Child() = default;
Child::Child(Child&&) noexcept = default;
Child& Child::operator=(Child&&) noexcept = default;

int Child::pid() const { return state_->pid; }

Async<int> Child::wait() {
  const std::shared_ptr<State> state = state_;
  while (!state->status) {
    co_await state->watch.async_wait(asio::posix::stream_descriptor::wait_read,
                                     asio::use_awaitable);
    if (state->status) break;
    siginfo_t info{};
    const int result =
        ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(state->pidfd.get()), &info,
                 WEXITED | WNOHANG);
    if (result != 0) {
      state->status = -1;  // ECHILD: an earlier daemon's child; its end is all we can know
    } else if (info.si_pid != 0) {
      state->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    }
  }
  co_return *state->status;
}

void Child::signal(int number) const {
  ::syscall(SYS_pidfd_send_signal, state_->pidfd.get(), number, nullptr, 0U);
}

void Child::kill_group() const {
  if (!state_->status) ::kill(-state_->pid, SIGKILL);
}

Child spawn(Executor executor, const Command& command) {
  Plan plan;
  plan.command = &command;
  plan.program = find_program(command.arguments.at(0));
  plan.folder = command.folder.empty() ? "/" : command.folder;
  for (const std::string& text : command.arguments) {
    plan.arguments.push_back(const_cast<char*>(text.c_str()));
  }
  plan.arguments.push_back(nullptr);
  const std::vector<std::string> environment = environment_of(command);
  for (const std::string& text : environment) {
    plan.environment.push_back(const_cast<char*>(text.c_str()));
  }
  plan.environment.push_back(nullptr);
  plan.descriptors.assign(command.descriptors.begin(), command.descriptors.end());
  plan.groups.assign(command.groups.begin(), command.groups.end());

  constexpr std::size_t stack_bytes = 128 * 1024;
  const auto stack = std::make_unique<char[]>(stack_bytes);
  int pidfd = -1;
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int pid = ::clone(child_main, stack.get() + stack_bytes,
                          CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
  const int clone_errno = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw system_error("cannot start " + plan.program, clone_errno);
  Child child(executor, pid, Fd(pidfd));
  if (plan.failure != 0) {
    ::waitpid(pid, nullptr, 0);
    throw system_error("cannot start " + plan.program + " (" + plan.step + ")", plan.failure);
  }
  return child;
}

std::uint64_t start_ticks(int pid) {
  std::optional<std::string> stat;
  try {
    stat = read_file_if_exists("/proc/" + std::to_string(pid) + "/stat");
  } catch (const Error&) {
    return 0;  // it ended between the opening and the reading
  }
  if (!stat) return 0;
  // The name in parentheses may hold anything; field 3 follows the last one.
  const std::size_t end = stat->rfind(')');
  if (end == std::string::npos) return 0;
  const std::vector<std::string> fields = split(stat->substr(end + 2), ' ');
  // One that has ended and that its parent has not asked for yet is no process any more.
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return 0;
  return static_cast<std::uint64_t>(to_integer(fields[19]).value_or(0));
}

std::optional<Child> adopt(Executor executor, int pid, std::uint64_t ticks) {
  if (pid <= 0) return std::nullopt;
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!pidfd || start_ticks(pid) != ticks || ticks == 0) return std::nullopt;
  return Child(executor, pid, std::move(pidfd));
}

}  // namespace posada::sys
