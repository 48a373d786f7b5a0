// The store of a single node: one SQLite file (WAL, full sync) used by this process alone.
//
// The file is touched only on a thread of its own; transactions that wait together are committed
// with one disk sync. An answer is given only after its commit is on disk. Opening happens in the
// constructor, at start-up, and throws: `store.newer` (written by a newer program), `store.in-use`,
// `store.damaged`, `store.full`.
// Leases run on the given clock and start anew when the store is opened.
#pragma once

#include <memory>

#include "store/store.h"
#include "sys/clock.h"

namespace posada::store {

class SqliteStore final : public Store {
 public:
  struct Options {
    std::string file;
    std::uint64_t kept_revisions = 1000;  // how far back a watch can resume, at least
  };

  // The clock must outlive the loop's last turn.
  SqliteStore(sys::Executor executor, sys::Clock& clock, Options options);
  // Commits that were asked for are finished first.
  ~SqliteStore() override;

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
