// posada-front: the process that the network talks to. It opens what it needs, gives up what it
// does not, and serves until SIGTERM.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>

#include "base/error.h"
#include "front/call.h"
#include "front/page.h"
#include "front/sandbox.h"
#include "front/server.h"
#include "front/settings.h"
#include "front/tls.h"
#include "sys/file.h"
#include "sys/listener.h"
#include "sys/log.h"
#include "sys/loop.h"

namespace posada::front {
namespace {

constexpr std::size_t file_threads = 2;
constexpr std::size_t file_jobs = 256;

// The daemon's socket is reached through its folder, which may be closed to the user we become.
std::string reachable_socket(const std::string& path, sys::Fd& folder) {
  std::size_t slash = path.rfind('/');
  std::string parent =
      slash == std::string::npos ? "." : path.substr(0, std::max(slash, std::size_t{1}));
  folder = sys::Fd(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) sys::throw_errno("--socket: opening folder " + parent);
  return "/proc/self/fd/" + std::to_string(folder.get()) + "/" +
         (slash == std::string::npos ? path : path.substr(slash + 1));
}

std::uint64_t random_number() {
  std::string bytes = sys::random_bytes(8);
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

void reload(TlsContext& tls, PageFiles& page) {
  try {
    tls.reload();
    page.set_strict_transport(tls.publicly_trusted());
    sys::log_info("certificate event=reloaded");
  } catch (const Error& error) {
    sys::log_error("certificate event=kept_old error=\"{}\"", error.what());
  }
  page.reload();
}

sys::Async<void> serve(Services& services, Server& server, TlsContext& tls) {
  namespace asio = boost::asio;
  asio::signal_set signals(services.executor, SIGTERM, SIGINT, SIGHUP);
  sys::Scope scope(services.executor);
  scope.spawn("daemon link", services.daemon.run());
  scope.spawn("limits", server.sweep());
  scope.spawn("listener", server.run());
  for (;;) {
    auto [error, number] = co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error || number != SIGHUP) break;
    reload(tls, services.page);
  }
  sys::log_info("front event=ends");
}

[[noreturn]] void run(const Settings& settings) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  sys::Fd listener = settings.listen_descriptor ? sys::Fd(*settings.listen_descriptor)
                                                : sys::listen_on(settings.listen);
  if (settings.listen_descriptor) ::fcntl(listener.get(), F_SETFD, FD_CLOEXEC);
  std::string address = sys::local_address(listener);
  TlsContext tls(settings.certificate, settings.key);
  sys::Fd folder;
  std::string socket = reachable_socket(settings.socket, folder);
  PageFiles page(settings.page.empty() ? sys::Fd() : sys::open_directory(settings.page),
                 settings.openapi, tls.publicly_trusted());
  enter_sandbox(settings.user);

  sys::Loop loop;
  sys::SystemClock clock;
  DaemonLink daemon(loop.executor(), clock, socket);
  sys::Pool files("files", file_threads, file_jobs);
  Services services{.executor = loop.executor(),
                    .clock = clock,
                    .tls = tls,
                    .daemon = daemon,
                    .page = page,
                    .file_pool = files,
                    .next_request = random_number()};
  Server server(services, std::move(listener));
  sys::log_info("front event=listening address={}", address);
  loop.run(serve(services, server, tls));
  // Nothing here is worth saving: connections and descriptors end with the process, while taking
  // down the services first would pull them from under sessions that are still suspended.
  std::fflush(nullptr);
  std::_Exit(0);
}

}  // namespace
}  // namespace posada::front

int main(int argc, char** argv) {
  using namespace posada;
  try {
    front::Settings settings = front::parse_settings({argv + 1, argv + argc});
    if (settings.help) {
      std::fputs(front::usage().c_str(), stdout);
      return 0;
    }
    front::run(settings);
  } catch (const Error& error) {
    sys::log_error("front event=failed error=\"{}\"", error.what());
    return 1;
  }
}
