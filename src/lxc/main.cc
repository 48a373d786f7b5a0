// posada-lxc: the only program that links liblxc. It is executed freshly for every piece of work,
// because liblxc's monitor is a fork that keeps a copy of its parent's memory for the container's
// life: here that is a small program without secrets.
//
//   posada-lxc start RUN               starts the container whose order lies in RUN
//   posada-lxc terminal RUN NUMBER     sends a terminal's descriptors over the socket that is fd 3
//   posada-lxc attach RUN [COMMAND…]   runs a program (root's shell) inside, on our own streams
//
// RUN is described in lxc/order.h. A failure is one line on standard error and status 1.
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "lxc/container.h"
#include "lxc/order.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/loop.h"
#include "sys/process.h"

namespace posada::lxc {

namespace {

constexpr int answer_socket = 3;

int start(const Order& order) {
  mount_volumes(order);
  prepare_files(order);
  Container container(order);
  const Started started = container.start();
  json::object result;
  result["boot"] = sys::boot_id();
  result["init"] = started.init;
  result["init_ticks"] = sys::start_ticks(started.init);
  result["monitor"] = started.monitor;
  result["monitor_ticks"] = sys::start_ticks(started.monitor);
  sys::write_file(order.folder + "/started.json", json::serialize(result), 0600);
  return 0;
}

sys::Async<void> send_terminal(sys::Executor executor, Terminal terminal) {
  sys::Channel channel(executor, sys::Fd(answer_socket));
  std::vector<sys::Fd> descriptors;
  descriptors.push_back(std::move(terminal.terminal));
  descriptors.push_back(std::move(terminal.reservation));
  co_await channel.send(FrameKind::hello, "terminal", std::move(descriptors));
}

int terminal(const Order& order, const std::string& number) {
  Container container(order);
  Terminal opened = container.terminal(static_cast<int>(to_integer(number).value_or(0)));
  sys::Loop loop;
  loop.run(send_terminal(loop.executor(), std::move(opened)));
  return 0;
}

int work(const std::vector<std::string>& words) {
  const std::string what = words.size() > 1 ? words[1] : "";
  if (words.size() > 2) {
    const Order order = read_order(words[2]);
    if (!order.network.empty()) sys::enter_network(order.network);
    show_run_folder(order);
    if (what == "start" && words.size() == 3) return start(order);
    if (what == "terminal" && words.size() == 4) return terminal(order, words[3]);
    if (what == "attach") return Container(order).attach({words.begin() + 3, words.end()});
  }
  std::fputs("usage: posada-lxc start|terminal|attach RUN …\n", stderr);
  return 2;
}

}  // namespace

}  // namespace posada::lxc

int main(int argc, char** argv) {
  try {
    return posada::lxc::work({argv, argv + argc});
  } catch (const posada::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
