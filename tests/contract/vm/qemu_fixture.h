// A real QEMU without disks for tests of the protocols, and a loop to run coroutines on.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "sys/channel.h"
#include "sys/loop.h"
#include "sys/process.h"
#include "sys/stream.h"

namespace posada::testing {

inline bool has_qemu() {
  return std::filesystem::exists("/usr/bin/qemu-system-x86_64");
}

#define NEEDS_QEMU() \
  if (!posada::testing::has_qemu()) GTEST_SKIP() << "qemu-system-x86_64 is not installed"

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/posada-vm-XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Ends with the test, whatever happens.
class Qemu {
 public:
  Qemu(sys::Executor executor, std::string folder, std::vector<std::string> more = {})
      : folder_(std::move(folder)),
        monitor_(sys::listen_unix(folder_ + "/qmp", 0600)),
        agent_(sys::listen_unix(folder_ + "/qga", 0600)) {
    sys::Command command;
    command.arguments = {"qemu-system-x86_64",
                         "-no-user-config",
                         "-nodefaults",
                         "-display",
                         "none",
                         "-vga",
                         "none",
                         "-machine",
                         "pc,accel=tcg",
                         "-m",
                         "64",
                         "-S",
                         "-chardev",
                         "socket,id=qmp,fd=3,server=on,wait=off",
                         "-mon",
                         "chardev=qmp,mode=control",
                         "-chardev",
                         "socket,id=qga0,fd=4,server=on,wait=off"};
    command.arguments.insert(command.arguments.end(), more.begin(), more.end());
    command.descriptors = {{3, monitor_.get()}, {4, agent_.get()}, {2, 2}};
    child_.emplace(sys::spawn(executor, command));
  }
  ~Qemu() {
    if (child_) child_->signal(9);
  }
  std::string monitor_path() const { return folder_ + "/qmp"; }
  std::string agent_path() const { return folder_ + "/qga"; }
  sys::Child& child() { return *child_; }

 private:
  std::string folder_;
  sys::Fd monitor_, agent_;
  std::optional<sys::Child> child_;
};

// Runs a coroutine that takes the loop to its end.
template <class Test>
void on_loop(Test test) {
  sys::Loop loop;
  loop.run(test(loop.executor()));
}

}  // namespace posada::testing
