#include "worker/serial.h"

#include <list>
#include <memory>

#include "sys/channel.h"
#include "sys/loop.h"
#include "sys/stream.h"

namespace posada::worker {
namespace {

constexpr int listener_descriptor = 3;
constexpr int port_descriptor = 4;

class SharedPort {
 public:
  explicit SharedPort(sys::Executor executor)
      : executor_(executor),
        listener_(executor, sys::Fd(listener_descriptor)),
        port_(executor, sys::Fd(port_descriptor)),
        ended_(executor),
        scope_(executor) {}

  sys::Async<void> run() {
    scope_.spawn("viewers", accept());
    scope_.spawn("port", read_port());
    co_await ended_.wait();
    listener_.close();
    port_.close();
    for (const auto& viewer : viewers_) viewer->close();
    scope_.stop();
    co_await scope_.join();
  }

 private:
  using Viewer = std::shared_ptr<sys::Stream>;

  sys::Async<void> accept() {
    for (;;) {
      auto viewer = std::make_shared<sys::Stream>(executor_, co_await listener_.accept());
      viewers_.push_back(viewer);
      scope_.spawn("viewer", read_viewer(viewer));
    }
  }

  sys::Async<void> read_port() {
    for (;;) {
      const std::string bytes = co_await port_.read();
      if (bytes.empty()) break;
      for (const Viewer& viewer : viewers_)
        viewer->write(bytes);  // one that has left will be missed
    }
    ended_.set();
  }

  sys::Async<void> read_viewer(Viewer viewer) {
    for (;;) {
      std::string bytes = co_await viewer->read();
      if (bytes.empty() || !port_.write(std::move(bytes))) break;
    }
    viewer->close();
    viewers_.remove(viewer);
    if (viewers_.empty()) ended_.set();
  }

  sys::Executor executor_;
  sys::ChannelListener listener_;
  sys::Stream port_;
  sys::Event ended_;
  std::list<Viewer> viewers_;
  sys::Scope scope_;
};

}  // namespace

int run_serial() {
  sys::Loop loop;
  SharedPort port(loop.executor());
  loop.run(port.run());
  return 0;
}

}  // namespace posada::worker
