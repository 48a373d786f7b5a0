// Gives machines their cards on the node's network, and keeps the cards' counters at hand.
#pragma once

#include <map>
#include <string>

#include "net/instance_network.h"
#include "vm/machines.h"

namespace posada::app {

class GuestNetwork {
 public:
  explicit GuestNetwork(net::InstanceNetwork& network) : network_(network) {}

  vm::Network for_machines();
  // Reads the counters of all cards that were plugged or seen; every few seconds.
  sys::Async<void> refresh();

 private:
  sys::Async<vm::NetPort> plug(GuestId id, std::string key, guest::Properties card);
  std::optional<vm::NetCounters> counters(const std::string& interface);

  net::InstanceNetwork& network_;
  std::map<std::string, std::optional<vm::NetCounters>> counters_;
};

}  // namespace posada::app
