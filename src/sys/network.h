// Network interfaces of one network namespace. A thread of its own joins the namespace once, and
// every call below runs there; nothing else of the process ever leaves its own namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sys/async.h"
#include "sys/fd.h"

namespace posada::sys {

struct InterfaceCounters {
  std::uint64_t received_bytes = 0;
  std::uint64_t received_packets = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t sent_packets = 0;
};

class NetworkNamespace {
 public:
  // `path` like "/run/netns/NAME"; empty: the namespace of this process.
  explicit NetworkNamespace(std::string path);

  bool is_own() const { return path_.empty(); }
  const std::string& path() const { return path_; }

  // A tap device that lives as long as its descriptors, one for each queue. Its frames carry the
  // virtio header.
  Async<std::vector<Fd>> open_tap(std::string name, unsigned queues);
  Async<void> make_bridge(std::string name, std::string mac);  // an existing one is no error
  Async<void> join_bridge(std::string bridge, std::string interface);
  Async<void> set_up(std::string name, bool up);
  Async<void> set_mtu(std::string name, unsigned mtu);
  Async<void> set_address(std::string name, std::string ipv4, unsigned prefix_length);
  Async<bool> exists(std::string name);
  Async<std::vector<std::string>> bridges();
  Async<std::optional<InterfaceCounters>> counters(std::string name);
  Async<void> forward_ipv4();

 private:
  template <class F>
  auto inside(F work) -> Async<std::invoke_result_t<F>>;

  std::string path_;
  std::shared_ptr<Pool> thread_;
  std::shared_ptr<bool> joined_ = std::make_shared<bool>(false);
};

}  // namespace posada::sys
