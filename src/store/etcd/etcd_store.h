// The store of a cluster: an etcd cluster, spoken to through the v3 JSON gateway of its members.
//
// Calls go to the member that answered last; the others take over when it does not. Every call
// ends within the deadline. A write that may have reached a member which then fell silent is
// `store.outcome-unknown`, never tried twice.
// The epoch is a random number in a key of its own, made by the first client: etcd's cluster id is
// a hash of its members' addresses, so a cluster that was wiped comes back with the same one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/store.h"
#include "sys/clock.h"

namespace posada::store {

class EtcdStore final : public Store {
 public:
  struct Options {
    std::vector<std::string> endpoints;  // ADDRESS:PORT
    std::string root = "posada/";        // all keys live below
    sys::Milliseconds deadline{3000};    // of a call, all members together
    // A watch hears nothing when its member hangs, so the member is asked for a sign of life.
    sys::Milliseconds check_every{5000};
  };

  // Throws Error when an endpoint is malformed; connects with the first call.
  EtcdStore(sys::Executor executor, sys::Clock& clock, Options options);
  ~EtcdStore() override;

  sys::Async<Snapshot> list(std::string prefix) override;
  sys::Async<std::optional<Entry>> get(std::string key) override;
  sys::Async<Committed> commit(Transaction transaction) override;
  sys::Async<std::unique_ptr<Watch>> watch(std::string prefix, Revision from) override;
  sys::Async<std::uint64_t> grant_lease(std::chrono::seconds time_to_live) override;
  sys::Async<bool> renew_lease(std::uint64_t lease) override;
  sys::Async<void> revoke_lease(std::uint64_t lease) override;
  sys::Async<void> compact(std::uint64_t revision) override;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::store
