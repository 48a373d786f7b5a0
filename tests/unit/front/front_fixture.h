// posada-front itself as a child process, with a certificate, a page and a daemon of the test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/front/test_daemon.h"
#include "unit/front/tls_client.h"

namespace posada::front {

class FrontTest : public testing::Test {
 protected:
  FrontTest();
  ~FrontTest() override;

  void start_front(std::vector<std::string> more = {}, const std::string& address = "127.0.0.1");
  void start_daemon(TestDaemon::Handler handler);
  // Both, and waits until they speak.
  void start(TestDaemon::Handler handler);

  TlsClient client() { return TlsClient(port_); }
  std::string folder() const { return folder_; }
  int front_pid() const { return pid_; }
  std::uint16_t port() const { return port_; }
  std::string log() const;
  // Waits until the front's log holds `text`.
  bool wait_log(const std::string& text) const;
  void write_certificate(const std::string& name);

  std::unique_ptr<TestDaemon> daemon_;

 private:
  std::string folder_;
  int pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace posada::front
