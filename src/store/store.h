// The versioned key-value store under everything that must agree across nodes. Keys are paths
// ("nodes/n1/qemu-server/100.conf"), values texts. Two backends keep this contract and pass one
// suite (tests/contract/store): sqlite/ for a single node, etcd/ for a cluster.
//
// Features do not read from here but from the Mirror (mirror.h), which a watch feeds.
// Statistics never enter the store.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sys/async.h"

namespace posada::store {

constexpr std::size_t max_operations = 100;  // etcd's default limit is 128
constexpr std::size_t max_value_bytes = 256 * 1024;
constexpr std::size_t max_key_bytes = 1024;
constexpr std::size_t max_transaction_bytes = 1024 * 1024;  // etcd's default limit is 1.5 MiB

// Comparable only within one epoch: the number starts anew when the backend changes.
struct Revision {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;
  auto operator<=>(const Revision&) const = default;
};

struct Entry {
  std::string key;
  std::string value;
  std::uint64_t created = 0;   // number of the put that made the key: a fencing token
  std::uint64_t modified = 0;  // number of the last put
  std::uint64_t lease = 0;     // 0: none
};

// What must be true of a key at the moment of the commit.
struct Precondition {
  enum class Kind { exists, absent, modified_at, created_at };
  std::string key;
  Kind kind = Kind::exists;
  std::uint64_t revision = 0;  // for modified_at and created_at; an absent key stands at 0
};

struct Put {
  std::string key;
  std::string value;
  std::uint64_t lease = 0;
};
struct Delete {
  std::string key;
};

// At most max_operations operations (and as many preconditions), no key twice, values of at most
// max_value_bytes, max_transaction_bytes altogether; more is refused with Error
// `store.transaction-invalid` by both backends alike.
struct Transaction {
  std::vector<Precondition> preconditions;
  std::vector<std::variant<Put, Delete>> operations;

  Transaction& require_absent(std::string key);
  Transaction& require_exists(std::string key);
  Transaction& require_modified(std::string key, std::uint64_t revision);
  Transaction& require_created(std::string key, std::uint64_t revision);
  Transaction& put(std::string key, std::string value, std::uint64_t lease = 0);
  Transaction& erase(std::string key);
};

// Throws Error `store.transaction-invalid` when the transaction breaks a limit or names a key that
// is not a path (empty, control bytes, empty or "." or ".." segments).
void check(const Transaction& transaction);
// Whether the precondition holds for what its key has now (null: the key is absent).
bool holds(const Precondition& precondition, const Entry* entry);
// The first key after all that start with `prefix`; nothing when there is no such bound.
std::optional<std::string> prefix_end(std::string_view prefix);

struct Committed {
  bool applied = false;  // false: a precondition did not hold and nothing changed
  // Of the commit; of the store at that moment when nothing was applied or nothing changed
  // (erasing absent keys makes no revision).
  Revision revision;
};

struct Change {
  std::string key;
  std::optional<Entry> entry;  // nothing: deleted
  std::uint64_t revision = 0;
};

// What a watch hands on: batches in order, each complete up to its revision.
struct Batch {
  Revision revision;
  std::vector<Change> changes;
};

struct Snapshot {
  Revision revision;
  std::vector<Entry> entries;  // sorted by key
};

// A running watch. `next` waits for the next batch; it returns nothing when the watch is over
// (compacted, cancelled, connection or member lost, epoch changed): list again and watch anew.
class Watch {
 public:
  virtual ~Watch() = default;
  virtual sys::Async<std::optional<Batch>> next() = 0;
  // Whether `next` would return nothing at once.
  virtual bool is_over() const = 0;
  virtual void close() = 0;
};

// Every call ends within the backend's deadline. Faults are Errors: `store.unavailable` (nothing
// was done), `store.outcome-unknown` (a write that may or may not have been done), `store.full`,
// `store.lease-gone` (a put names a lease that has ended), `store.failed`.
class Store {
 public:
  virtual ~Store() = default;
  // The keys that start with `prefix`, all at one revision.
  virtual sys::Async<Snapshot> list(std::string prefix) = 0;
  virtual sys::Async<std::optional<Entry>> get(std::string key) = 0;
  virtual sys::Async<Committed> commit(Transaction transaction) = 0;
  // Changes after `from` below `prefix`. A revision of another epoch, in the future or compacted
  // gives a watch that is over at once.
  virtual sys::Async<std::unique_ptr<Watch>> watch(std::string prefix, Revision from) = 0;
  // Keys put with a lease vanish when it is not renewed in time. A backend may lengthen very short
  // times (etcd: at least 2 s) and starts the time anew when it restarts.
  virtual sys::Async<std::uint64_t> grant_lease(std::chrono::seconds time_to_live) = 0;
  virtual sys::Async<bool> renew_lease(std::uint64_t lease) = 0;  // false: it is gone
  virtual sys::Async<void> revoke_lease(std::uint64_t lease) = 0;
  // Forgets history before `revision`; watches from there end. A future revision is refused.
  virtual sys::Async<void> compact(std::uint64_t revision) = 0;
};

}  // namespace posada::store
