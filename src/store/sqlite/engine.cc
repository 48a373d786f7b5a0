#include "store/sqlite/engine.h"

#include <algorithm>
#include <cstring>

#include "store/sqlite/migrations.h"
#include "sys/file.h"

namespace posada::store {

struct Engine::Statements {
  explicit Statements(Database& db)
      : read_meta(db, "SELECT value FROM meta WHERE name = ?1"),
        write_meta(db, "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)"),
        get(db, "SELECT key, value, created, modified, lease FROM entry WHERE key = ?1"),
        list_from(db,
                  "SELECT key, value, created, modified, lease FROM entry WHERE key >= ?1 "
                  "ORDER BY key"),
        list_between(db,
                     "SELECT key, value, created, modified, lease FROM entry "
                     "WHERE key >= ?1 AND key < ?2 ORDER BY key"),
        put(db,
            "INSERT INTO entry (key, value, created, modified, lease) VALUES (?1, ?2, ?3, ?3, ?4) "
            "ON CONFLICT (key) DO UPDATE SET value = ?2, modified = ?3, lease = ?4"),
        erase(db, "DELETE FROM entry WHERE key = ?1"),
        record(db,
               "INSERT INTO history (number, key, value, created, lease) "
               "VALUES (?1, ?2, ?3, ?4, ?5)"),
        history(db,
                "SELECT number, key, value, created, lease FROM history WHERE number > ?1 "
                "ORDER BY number, key"),
        forget(db, "DELETE FROM history WHERE number <= ?1"),
        leases(db, "SELECT id, seconds FROM lease"),
        lease(db, "SELECT id FROM lease WHERE id = ?1"),
        grant(db, "INSERT INTO lease (seconds) VALUES (?1)"),
        revoke(db, "DELETE FROM lease WHERE id = ?1"),
        held(db, "SELECT key FROM entry WHERE lease = ?1 AND lease <> 0 ORDER BY key") {}

  Statement read_meta, write_meta, get, list_from, list_between, put, erase, record, history,
      forget, leases, lease, grant, revoke, held;
};

namespace {

Entry entry_of(const Statement::Rows& rows) {
  return {rows.text(0), rows.text(1), rows.integer(2), rows.integer(3), rows.integer(4)};
}

// 63 bits, so that it stays a positive integer in SQL and JSON.
std::uint64_t random_epoch() {
  std::uint64_t number = 0;
  std::memcpy(&number, sys::random_bytes(sizeof number).data(), sizeof number);
  return std::max<std::uint64_t>(number >> 1, 1);
}

}  // namespace

Engine::Engine(std::string file, std::uint64_t kept_revisions)
    : database_(std::move(file)), kept_revisions_(kept_revisions) {
  migrate(database_);
  statements_ = std::make_unique<Statements>(database_);
  create_epoch();
  epoch_ = read_meta("epoch");
  numbers_ = {read_meta("number"), read_meta("compacted")};
}

Engine::~Engine() = default;

void Engine::create_epoch() {
  if (read_meta("epoch") != 0) return;
  SqlTransaction transaction(database_);
  statements_->write_meta.run("epoch", random_epoch());
  statements_->write_meta.run("number", std::uint64_t{1});
  statements_->write_meta.run("compacted", std::uint64_t{1});
  transaction.commit();
}

std::uint64_t Engine::read_meta(std::string_view name) {
  Statement::Rows rows = statements_->read_meta.query(name);
  return rows.next() ? rows.integer(0) : 0;
}

Snapshot Engine::list(const std::string& prefix) {
  Snapshot snapshot{revision(), {}};
  const std::optional<std::string> end = prefix_end(prefix);
  Statement::Rows rows =
      end ? statements_->list_between.query(prefix, *end) : statements_->list_from.query(prefix);
  while (rows.next()) snapshot.entries.push_back(entry_of(rows));
  return snapshot;
}

std::optional<Entry> Engine::get(const std::string& key) {
  Statement::Rows rows = statements_->get.query(key);
  if (!rows.next()) return std::nullopt;
  return entry_of(rows);
}

void Engine::commit(const std::vector<Write*>& writes) {
  try {
    commit_together(writes);
    return;
  } catch (...) {
    if (writes.size() == 1) {
      writes.front()->failure = std::current_exception();
      return;
    }
  }
  for (Write* write : writes) {
    try {
      commit_together({write});
    } catch (...) {
      write->failure = std::current_exception();
    }
  }
}

void Engine::commit_together(const std::vector<Write*>& writes) {
  const Numbers before = numbers_;
  try {
    SqlTransaction transaction(database_);
    for (Write* write : writes) apply(*write);
    if (numbers_.number - numbers_.compacted > 2 * kept_revisions_) {
      compact_inside(numbers_.number - kept_revisions_);
    }
    transaction.commit();
  } catch (...) {
    numbers_ = before;
    for (Write* write : writes) write->batch.changes.clear();
    throw;
  }
}

void Engine::apply(Write& write) {
  write.failure = nullptr;
  write.batch.changes.clear();
  write.result = {false, revision()};
  for (const Precondition& precondition : write.transaction.preconditions) {
    const std::optional<Entry> entry = get(precondition.key);
    if (!holds(precondition, entry ? &*entry : nullptr)) return;
  }
  // A put under a lease that is gone refuses the whole transaction before anything is written.
  for (const auto& operation : write.transaction.operations) {
    const Put* put = std::get_if<Put>(&operation);
    if (put == nullptr || put->lease == 0) continue;
    Statement::Rows rows = statements_->lease.query(put->lease);
    if (!rows.next()) {
      write.failure = std::make_exception_ptr(Error::failed(
          "store.lease-gone", "lease of key '" + put->key + "' has ended", {{"key", put->key}}));
      return;
    }
  }
  begin_batch(write.batch);
  for (const auto& operation : write.transaction.operations) {
    if (const Put* put = std::get_if<Put>(&operation)) {
      apply_put(*put, write.batch);
    } else {
      apply_delete(std::get<Delete>(operation).key, write.batch);
    }
  }
  end_batch(write.batch);
  write.result = {true, revision()};
}

void Engine::apply_put(const Put& put, Batch& batch) {
  const std::optional<Entry> old = get(put.key);
  const std::uint64_t number = batch.revision.number;
  statements_->put.run(put.key, put.value, number, put.lease);
  batch.changes.push_back(
      {put.key, Entry{put.key, put.value, old ? old->created : number, number, put.lease}, number});
}

void Engine::apply_delete(const std::string& key, Batch& batch) {
  if (!get(key)) return;
  statements_->erase.run(key);
  batch.changes.push_back({key, std::nullopt, batch.revision.number});
}

void Engine::begin_batch(Batch& batch) const {
  batch.revision = {epoch_, numbers_.number + 1};
}

void Engine::end_batch(const Batch& batch) {
  if (batch.changes.empty()) return;
  const std::uint64_t number = batch.revision.number;
  for (const Change& change : batch.changes) {
    if (change.entry) {
      statements_->record.run(number, change.key, change.entry->value, change.entry->created,
                              change.entry->lease);
    } else {
      statements_->record.run(number, change.key, nullptr, std::uint64_t{0}, std::uint64_t{0});
    }
  }
  statements_->write_meta.run("number", number);
  numbers_.number = number;
}

Engine::History Engine::history(const std::string& prefix, Revision from) {
  History result;
  result.number = numbers_.number;
  result.usable =
      from.epoch == epoch_ && from.number <= numbers_.number && from.number >= numbers_.compacted;
  if (!result.usable) return result;
  Statement::Rows rows = statements_->history.query(from.number);
  while (rows.next()) {
    const std::uint64_t number = rows.integer(0);
    std::string key = rows.text(1);
    if (!key.starts_with(prefix)) continue;
    if (result.batches.empty() || result.batches.back().revision.number != number) {
      result.batches.push_back({{epoch_, number}, {}});
    }
    Change change{key, std::nullopt, number};
    if (!rows.is_null(2)) {
      change.entry = Entry{key, rows.text(2), rows.integer(3), number, rows.integer(4)};
    }
    result.batches.back().changes.push_back(std::move(change));
  }
  return result;
}

Engine::Leases Engine::leases() {
  Leases leases;
  Statement::Rows rows = statements_->leases.query();
  while (rows.next()) {
    leases[rows.integer(0)] = std::chrono::seconds(static_cast<std::int64_t>(rows.integer(1)));
  }
  return leases;
}

std::uint64_t Engine::grant_lease(std::chrono::seconds time_to_live) {
  SqlTransaction transaction(database_);
  statements_->grant.run(static_cast<std::uint64_t>(time_to_live.count()));
  const auto lease = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database_.handle()));
  transaction.commit();
  return lease;
}

Batch Engine::revoke_lease(std::uint64_t lease) {
  const Numbers before = numbers_;
  try {
    SqlTransaction transaction(database_);
    std::vector<std::string> keys;
    {
      Statement::Rows rows = statements_->held.query(lease);
      while (rows.next()) keys.push_back(rows.text(0));
    }
    Batch batch;
    begin_batch(batch);
    for (const std::string& key : keys) apply_delete(key, batch);
    end_batch(batch);
    statements_->revoke.run(lease);
    transaction.commit();
    return batch;
  } catch (...) {
    numbers_ = before;
    throw;
  }
}

void Engine::compact(std::uint64_t revision) {
  if (revision > numbers_.number) {
    throw Error::failed("store.failed",
                        "the store refused: required revision is a future revision");
  }
  const Numbers before = numbers_;
  try {
    SqlTransaction transaction(database_);
    compact_inside(revision);
    transaction.commit();
  } catch (...) {
    numbers_ = before;
    throw;
  }
}

void Engine::compact_inside(std::uint64_t revision) {
  if (revision <= numbers_.compacted) return;
  statements_->forget.run(revision);
  statements_->write_meta.run("compacted", revision);
  numbers_.compacted = revision;
}

}  // namespace posada::store
