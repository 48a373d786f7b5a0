// An etcd server of Debian's package etcd-server on loopback, for one test program.
#pragma once

#include <memory>
#include <string>

#include "contract/store/backend.h"

namespace posada::store::testing {

// Why no server can be started here; empty: it can.
std::string missing_etcd();

class EtcdServer {
 public:
  // Starts it on free ports and waits until it answers.
  EtcdServer();
  ~EtcdServer();
  EtcdServer(const EtcdServer&) = delete;
  EtcdServer& operator=(const EtcdServer&) = delete;

  std::string endpoint() const;
  void pause();   // SIGSTOP
  void resume();  // SIGCONT
  void kill();    // SIGKILL
  void start();   // on the same data and ports
  void wipe();    // removes its data; it must not run

 private:
  TemporaryFolder folder_;
  int client_port_ = 0;
  int peer_port_ = 0;
  int pid_ = 0;
};

// The one that the contract suite shares.
EtcdServer& shared_etcd();

// A port of loopback that was free a moment ago.
int free_port();

}  // namespace posada::store::testing
