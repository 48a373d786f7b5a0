// A container as liblxc knows it; the only file that sees liblxc is container.cc.
//
// liblxc's commands reach the container's monitor through an abstract socket, so the process must
// be in the network namespace in which the container was started.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lxc/order.h"
#include "sys/fd.h"

namespace posada::lxc {

struct Started {
  int init = 0;     // the guest's process 1, as the host counts
  int monitor = 0;  // liblxc's process that waits for it
};

struct Terminal {
  sys::Fd terminal;     // the terminal's master side
  sys::Fd reservation;  // while it is open nobody else gets this terminal
};

class Container {
 public:
  explicit Container(const Order& order);
  ~Container();
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  // Returns when process 1 runs. Throws with liblxc's reason.
  Started start();
  // `number` 0 is the console, 1 and up are the terminals of tty1, …
  Terminal terminal(int number);
  // Runs a program inside, on our own standard streams; empty: root's shell. Its exit status.
  int attach(const std::vector<std::string>& command);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace posada::lxc
