// dnsmasq for the bridge of an instance: addresses by DHCP, names by DNS. Supervised: one that ends
// is started again; it outlives the daemon, whose successor replaces it.
#pragma once

#include <memory>
#include <string>

#include "sys/async.h"
#include "sys/clock.h"

namespace posada::net {

struct Plan;

struct DhcpSettings {
  std::string namespace_path;
  std::string folder;     // lease file; marks our dnsmasq
  std::string interface;  // "vmbr0"
};

class Dhcp {
 public:
  Dhcp(DhcpSettings settings, sys::Clock& clock, sys::Executor executor);
  ~Dhcp();

  sys::Async<void> start(Plan plan);
  sys::Async<void> stop_watching();  // dnsmasq goes on
  sys::Async<void> end();            // dnsmasq ends, its files go
  std::string lease_file() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::net
