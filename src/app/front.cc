#include "app/front.h"

#include <csignal>

#include <fmt/format.h>

#include "app/process_record.h"
#include "base/digest.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/listener.h"
#include "sys/log.h"

namespace posada::app {
namespace {

constexpr int listener_number = 3;  // in the front
constexpr std::chrono::seconds front_patience{5};

std::string record_file(const Settings& settings) {
  return settings.run + "/front.json";
}

// Differs when the program or what it was started with does. A new build is a new file: reading
// megabytes of program at each start would be a good part of it.
std::string launch_mark(const Settings& settings) {
  const auto program = sys::Folder(settings.programs).status("posada-front");
  if (!program) {
    throw Error::failed("node.no-front", settings.programs + "/posada-front is missing");
  }
  return sha256_hex(fmt::format("{} {} {} {}:{} {}", program->inode, program->changed,
                                program->bytes, settings.address, settings.port, settings.page))
      .substr(0, 16);
}

}  // namespace

FrontKeeper::FrontKeeper(const Settings& settings, std::string certificate, sys::Clock& clock,
                         sys::Executor executor)
    : settings_(settings),
      certificate_(std::move(certificate)),
      clock_(clock),
      executor_(executor),
      scope_(executor) {}

sys::Fd FrontKeeper::listen() const {
  try {
    return sys::listen_on(settings_.address + ":" + std::to_string(settings_.port));
  } catch (const Error& error) {
    if (error.code() != "sys.address-taken") throw;
    throw Error::failed("node.port",
                        fmt::format("port {} of {} is taken by another program; choose another one "
                                    "with --port NUMBER",
                                    settings_.port, settings_.address),
                        {{"port", std::to_string(settings_.port)}});
  }
}

sys::Child FrontKeeper::launch(const sys::Fd& listener) const {
  sys::Command command;
  command.arguments = {settings_.programs + "/posada-front",
                       "--socket",
                       settings_.front_socket(),
                       "--listen-fd",
                       std::to_string(listener_number),
                       "--certificate",
                       certificate_,
                       "--key",
                       certificate_,
                       "--page",
                       settings_.page,
                       "--openapi",
                       settings_.openapi};
  command.no_new_privileges = true;
  const std::string log = settings_.log + "/front.log";
  sys::append_file(log, "", 0600);
  const sys::Fd output = sys::open_for_append(log);
  command.descriptors = {{2, output.get()}, {listener_number, listener.get()}};
  return sys::spawn(executor_, command);
}

void FrontKeeper::remember(const sys::Child& child) const {
  remember_process(record_file(settings_), child.pid(), launch_mark(settings_));
}

sys::Async<std::optional<sys::Child>> FrontKeeper::find_running() const {
  std::string mark;
  std::optional<sys::Child> child = find_process(record_file(settings_), executor_, &mark);
  if (!child || mark == launch_mark(settings_)) co_return child;
  sys::log_info("replacing the front of another build");
  co_await end_process(std::move(*child), executor_, front_patience);  // it has the port
  co_return std::nullopt;
}

sys::Async<void> FrontKeeper::claim_port() {
  child_ = co_await find_running();
  if (!child_) listener_ = listen();
}

sys::Async<void> FrontKeeper::start() {
  if (child_) {
    reload_certificate();  // the daemon before may have died before it said so
  } else {
    child_ = launch(listener_);
    listener_.reset();
    remember(*child_);
  }
  scope_.spawn("front keeper", keep());
  co_return;
}

sys::Async<void> FrontKeeper::keep() {
  sys::Milliseconds pause(200);
  for (;;) {
    const sys::BootTime began = clock_.boot_time();
    const int status = co_await child_->wait();
    sys::log_error("the front ended with status {} (see {}/front.log); starting it again", status,
                   settings_.log);
    // A front that cannot start must not keep the machine busy.
    if (clock_.boot_time() - began > std::chrono::seconds(30)) pause = sys::Milliseconds(200);
    for (bool launched = false; !launched;) {
      co_await clock_.sleep(pause);
      pause = std::min(pause * 2, sys::Milliseconds(10'000));
      try {
        child_ = launch(listen());
        launched = true;
      } catch (const Error& error) {
        sys::log_error("the front cannot be started, trying again: {}", error.wire());
      }
    }
    remember(*child_);
  }
}

void FrontKeeper::reload_certificate() const {
  if (child_) child_->signal(SIGHUP);
}

sys::Async<void> FrontKeeper::stop() {
  scope_.stop();
  co_await scope_.join();
}

}  // namespace posada::app
