#include "lxc/container.h"

#include <cerrno>
#include <cstdlib>

#include <sys/wait.h>

#include <lxc/attach_options.h>
#include <lxc/lxccontainer.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::lxc {

namespace {

// The newest of liblxc's own messages, without what surrounds it:
// "lxc 101 2026… ERROR    start - ../src/lxc/start.c:lxc_spawn:1769 - Failed to …".
std::string last_message(const std::string& log_file) {
  std::string found;
  for (const std::string& line : split(sys::read_file_if_exists(log_file).value_or(""), '\n')) {
    if (line.find(" ERROR ") == std::string::npos) continue;
    const std::size_t where = line.find(".c:");
    const std::size_t text = where == std::string::npos ? where : line.find(" - ", where);
    // The first error is the cause; what follows it is the way out.
    if (text != std::string::npos && found.empty()) found = line.substr(text + 3);
  }
  return found;
}

int parent_of(int pid) {
  const auto status =
      sys::read_file_if_exists("/proc/" + std::to_string(pid) + "/status").value_or("");
  const std::size_t at = status.find("\nPPid:");
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(status).substr(at + 6);
  return static_cast<int>(to_integer(trim(rest.substr(0, rest.find('\n')))).value_or(0));
}

}  // namespace

struct Container::State {
  Order order;
  lxc_container* container = nullptr;
};

Container::Container(const Order& order) : state_(std::make_unique<State>()) {
  state_->order = order;
  // As root the id maps are written directly; newuidmap, which liblxc prefers where it finds it,
  // refuses ranges that /etc/subuid does not give to root.
  ::setenv("PATH", "/usr/sbin:/sbin", 1);
  state_->container = lxc_container_new(order.name.c_str(), order.lxc_path().c_str());
  if (!state_->container)
    throw Error::failed("lxc.container", "liblxc refuses the container's configuration");
}

Container::~Container() {
  if (state_->container) lxc_container_put(state_->container);
}

Started Container::start() {
  lxc_container* container = state_->container;
  if (!container->is_defined(container))
    throw Error::failed("lxc.config", "liblxc cannot read " + state_->order.folder + "/config");
  container->want_daemonize(container, true);
  if (!container->start(container, 0, nullptr)) {
    const std::string reason = last_message(state_->order.folder + "/lxc.log");
    throw Error::failed("lxc.start", reason.empty() ? "the container did not start" : reason);
  }
  Started started;
  started.init = container->init_pid(container);
  started.monitor = started.init > 0 ? parent_of(started.init) : 0;
  if (started.monitor <= 1)
    throw Error::failed("lxc.ended", "the container ended as soon as it had started");
  return started;
}

Terminal Container::terminal(int number) {
  lxc_container* container = state_->container;
  int master = -1;
  const int reservation = container->console_getfd(container, &number, &master);
  if (reservation < 0)
    throw Error::failed("lxc.terminal", number == 0 ? "the console is in use"
                                                    : "terminal " + std::to_string(number) +
                                                          " does not exist or is in use");
  return {sys::Fd(master), sys::Fd(reservation)};
}

int Container::attach(const std::vector<std::string>& command) {
  lxc_container* container = state_->container;
  lxc_attach_options_t options = LXC_ATTACH_OPTIONS_DEFAULT;
  options.env_policy = LXC_ATTACH_CLEAR_ENV;
  // A terminal of the guest's own, so that nothing inside can push characters into ours.
  if (::isatty(0)) options.attach_flags |= LXC_ATTACH_TERMINAL;
  const char* type = std::getenv("TERM");
  std::string terminal = std::string("TERM=") + (type ? type : "linux");
  std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  std::string home = "HOME=/root";
  std::vector<char*> environment = {terminal.data(), path.data(), home.data(), nullptr};
  options.extra_env_vars = environment.data();
  options.initial_cwd = const_cast<char*>("/root");

  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  lxc_attach_command_t program = {arguments[0], arguments.data()};
  pid_t child = -1;
  const int failed =
      command.empty()
          ? container->attach(container, lxc_attach_run_shell, nullptr, &options, &child)
          : container->attach(container, lxc_attach_run_command, &program, &options, &child);
  if (failed != 0) throw Error::failed("lxc.attach", "the container is not running");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) sys::throw_errno("wait for the program in the container");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace posada::lxc
