// The store's contract on one SQLite file, synchronous: what SqliteStore runs on its thread.
// Never touched by two threads at once. Every failure leaves the file as it was.
#pragma once

#include <exception>
#include <map>
#include <string>
#include <vector>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace posada::store {

class Engine {
 public:
  // One transaction of a group and what became of it.
  struct Write {
    Transaction transaction;
    Committed result;
    Batch batch;  // what changed; empty when nothing did
    std::exception_ptr failure;
  };
  struct History {
    bool usable = false;  // false: the revision is of another epoch, compacted or in the future
    std::uint64_t number = 0;
    std::vector<Batch> batches;
  };
  using Leases = std::map<std::uint64_t, std::chrono::seconds>;

  // History beyond twice `kept_revisions` is compacted down to `kept_revisions`.
  Engine(std::string file, std::uint64_t kept_revisions);

  Snapshot list(const std::string& prefix);
  std::optional<Entry> get(const std::string& key);
  // One disk sync for all of them; when the group fails, each is tried alone, so that one write too
  // large for the disk fails without the others.
  void commit(const std::vector<Write*>& writes);
  History history(const std::string& prefix, Revision from);
  Leases leases();
  std::uint64_t grant_lease(std::chrono::seconds time_to_live);
  // Deletes the lease and its keys.
  Batch revoke_lease(std::uint64_t lease);
  void compact(std::uint64_t revision);

 private:
  struct Numbers {
    std::uint64_t number = 0;
    std::uint64_t compacted = 0;
  };
  void create_epoch();
  std::uint64_t read_meta(std::string_view name);
  void commit_together(const std::vector<Write*>& writes);
  void apply(Write& write);
  void apply_put(const Put& put, Batch& batch);
  void apply_delete(const std::string& key, Batch& batch);
  void begin_batch(Batch& batch) const;
  // Records the batch in the history and takes its number.
  void end_batch(const Batch& batch);
  void compact_inside(std::uint64_t revision);
  Revision revision() const { return {epoch_, numbers_.number}; }

  Database database_;
  struct Statements;
  std::unique_ptr<Statements> statements_;
  std::uint64_t kept_revisions_;
  std::uint64_t epoch_ = 0;
  Numbers numbers_;  // as committed, or as far as the open SQL transaction has come

 public:
  ~Engine();
};

}  // namespace posada::store
