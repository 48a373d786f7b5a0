// The network of a node's guests. Three kinds:
//   instance  (development nodes, as root) a network namespace of its own with bridge vmbr0, NAT to
//             the outside, DHCP and DNS; the host reaches the guests by a route
//   host      the host's own namespace and the bridges that the administrator made
//   none      no root: guests use QEMU's user-mode networking
//
// Everything on the host is named by the instance (a hash of the node's root folder), so that nodes
// live side by side with the same guest numbers, and `down` leaves nothing:
//   namespace posada-INSTANCE, interface pvINSTANCE on the host, table inet posada_INSTANCE of
//   nftables, a route to the guests' network, dnsmasq (marked by its environment).
// Taps are made here and handed on as descriptors; they vanish with the last one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sys/async.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/network.h"

namespace posada::net {

enum class Mode { instance, host, none };

struct Settings {
  Mode mode = Mode::instance;
  std::string instance;    // 8 hex digits
  std::string run_folder;  // leases
};

// The addresses that an instance uses, out of 10.0.0.0/8.
struct Plan {
  std::string network;  // "10.77.4.0"
  unsigned prefix_length = 24;
  std::string gateway;       // of the guests: vmbr0's own address
  std::string first, last;   // given out by DHCP
  std::string link_network;  // between host and namespace, /30
  std::string link_host, link_inside;
};
// The n-th choice for an instance: a caller goes on while one collides with a route of the host.
Plan plan_for(const std::string& instance, unsigned attempt);
// Whether `routes` (lines of `ip -4 route`) use a part of the plan's networks.
bool collides(const Plan& plan, const std::string& routes);

struct TapRequest {
  std::string bridge = "vmbr0";
  std::string name;  // "tap100i0"
  unsigned queues = 1;
  std::optional<unsigned> mtu;
  bool link_down = false;
};

struct Lease {
  std::string mac;  // lower case
  std::string address;
  std::string host_name;
  std::int64_t expires = 0;
};
std::vector<Lease> parse_leases(const std::string& text);

class InstanceNetwork {
 public:
  InstanceNetwork(Settings settings, sys::Clock& clock, sys::Executor executor);
  ~InstanceNetwork();
  InstanceNetwork(const InstanceNetwork&) = delete;
  InstanceNetwork& operator=(const InstanceNetwork&) = delete;

  // Makes what is missing and supervises dnsmasq; what an earlier daemon made is used again.
  // Throws with the command that failed.
  sys::Async<void> up();
  // up() beside everything else, and again after a failure, until stop(): the node serves
  // meanwhile. Whoever needs a bridge waits for the first attempt; while the network is down it is
  // told why.
  void start();
  // Ends the supervision and leaves everything standing: guests run on.
  sys::Async<void> stop();
  // Removes everything that bears this instance's name. Works without up().
  sys::Async<void> down();

  Mode mode() const;
  // Why the last attempt of start() did not bring it up; empty when it did, or none has ended.
  const std::string& failure() const;
  // Bridges that a guest may be attached to. This, make_tap() and guest_namespace() wait as start()
  // says.
  sys::Async<std::vector<std::string>> bridges();
  // One descriptor for each queue, already attached and up. Throws `bridge 'x' does not exist`.
  sys::Async<std::vector<sys::Fd>> make_tap(TapRequest request);
  // Plugs an existing tap's cable in or out.
  sys::Async<void> set_link(std::string name, bool up);
  sys::Async<void> join_bridge(std::string name, std::string bridge);
  sys::Async<std::optional<sys::InterfaceCounters>> counters(std::string name);
  // Path of the namespace for programs that must run in it ("/run/netns/…"); empty: the host's.
  sys::Async<std::string> guest_namespace();
  std::vector<Lease> leases() const;
  std::optional<Plan> plan() const;  // in mode instance, when up

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::net
