// The process that shares a serial port, with a socket pair in the place of QEMU.
#include "contract/vm/qemu_fixture.h"
#include "sys/channel.h"
#include "sys/host.h"
#include "sys/process.h"
#include "sys/stream.h"

namespace posada::vm {
namespace {

using posada::testing::TemporaryFolder;

// Everything up to the end of `text`; what came when the stream ended before.
sys::Async<std::string> seen_until(sys::Stream& stream, std::string text) {
  std::string seen;
  while (!seen.ends_with(text)) {
    const std::string more = co_await stream.read();
    if (more.empty()) break;
    seen += more;
  }
  co_return seen;
}

sys::Child share(const sys::Executor& executor, const std::string& socket, const sys::Fd& port) {
  const sys::Fd listener = sys::listen_unix(socket, 0600);
  sys::Command command;
  command.arguments = {sys::own_program_folder() + "/posada-worker", "serial"};
  command.descriptors = {{3, listener.get()}, {4, port.get()}};
  return sys::spawn(executor, command);
}

sys::Async<void> two_viewers(sys::Executor executor, std::string socket) {
  auto [ours, theirs] = sys::socket_pair();
  sys::Child process = share(executor, socket, theirs);
  theirs.reset();
  sys::Stream machine(executor, std::move(ours));
  sys::Stream first(executor, co_await sys::connect_unix(executor, socket));
  first.write("one");
  EXPECT_EQ(co_await seen_until(machine, "one"), "one");
  sys::Stream second(executor, co_await sys::connect_unix(executor, socket));
  second.write("two");
  EXPECT_EQ(co_await seen_until(machine, "two"), "two");
  machine.write("login: ");
  EXPECT_EQ(co_await seen_until(first, "login: "), "login: ");
  EXPECT_EQ(co_await seen_until(second, "login: "), "login: ");

  first.close();
  machine.write("password: ");
  EXPECT_EQ(co_await seen_until(second, "password: "), "password: ");
  second.close();
  EXPECT_EQ(co_await process.wait(), 0);
  EXPECT_EQ(co_await machine.read(), "");  // free for the next one
}

sys::Async<void> machine_that_ends(sys::Executor executor, std::string socket) {
  auto [ours, theirs] = sys::socket_pair();
  sys::Child process = share(executor, socket, theirs);
  theirs.reset();
  sys::Stream machine(executor, std::move(ours));
  sys::Stream viewer(executor, co_await sys::connect_unix(executor, socket));
  viewer.write("x");
  EXPECT_EQ(co_await machine.read(), "x");
  machine.close();
  EXPECT_EQ(co_await viewer.read(), "");
  EXPECT_EQ(co_await process.wait(), 0);
}

TEST(SerialPort, TwoViewersSeeTheSameAndBothMayType) {
  TemporaryFolder folder;
  sys::Loop loop;
  loop.run(two_viewers(loop.executor(), folder.path() + "/serial"));
}

TEST(SerialPort, ItsProcessEndsWithTheMachine) {
  TemporaryFolder folder;
  sys::Loop loop;
  loop.run(machine_that_ends(loop.executor(), folder.path() + "/serial"));
}

}  // namespace
}  // namespace posada::vm
