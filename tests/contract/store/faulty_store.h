// A store with faults in front of a real one: watches that end or fall silent, calls that are
// refused as by a store that cannot be reached.
#pragma once

#include <memory>
#include <vector>

#include "store/store.h"

namespace posada::store::testing {

class FaultyStore final : public Store {
 public:
  explicit FaultyStore(std::shared_ptr<Store> real) : real_(std::move(real)) {}

  bool out_of_reach = false;
  int lists = 0;
  int watches = 0;  // that were opened

  void end_watches();
  // Running watches stay open and bring nothing any more.
  void silence_watches();

  sys::Async<Snapshot> list(std::string prefix) override;
  sys::Async<std::optional<Entry>> get(std::string key) override;
  sys::Async<Committed> commit(Transaction transaction) override;
  sys::Async<std::unique_ptr<Watch>> watch(std::string prefix, Revision from) override;
  sys::Async<std::uint64_t> grant_lease(std::chrono::seconds time_to_live) override;
  sys::Async<bool> renew_lease(std::uint64_t lease) override;
  sys::Async<void> revoke_lease(std::uint64_t lease) override;
  sys::Async<void> compact(std::uint64_t revision) override;

  struct Running {
    std::shared_ptr<Watch> watch;
    bool silent = false;
  };

 private:
  void reach() const;

  std::shared_ptr<Store> real_;
  std::vector<std::weak_ptr<Running>> running_;
};

}  // namespace posada::store::testing
