// Which guests exist, where, and their config texts; the single writer of each text.
//
// Keys in the store: `guest/ID` → {uuid, kind, node, generation} is the claim of the id, written
// in the transaction that creates, moves or deletes; `nodes/NODE/qemu-server/ID.conf` or
// `nodes/NODE/lxc/ID.conf` is the config text.
//
// `edit` is the commit point: typed edits are applied to the newest text one by one for each
// guest, and committed with the text's revision as precondition.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "store/mirror.h"
#include "sys/async.h"

namespace posada::guest {

struct Record {
  GuestId id;
  GuestKind kind = GuestKind::vm;
  std::string node;
  std::string uuid;
  std::uint64_t generation = 0;
};

struct ConfigText {
  std::string text;
  std::string digest;          // sha1 of the text
  std::uint64_t revision = 0;  // store number of the last change
};

class Registry {
 public:
  Registry(store::Mirror& mirror, std::string node, sys::Executor executor);
  ~Registry();

  const std::string& node() const;
  std::optional<Record> find(GuestId id) const;
  // Throws `Configuration file 'nodes/NODE/qemu-server/ID.conf' does not exist`.
  Record require(GuestId id, GuestKind kind) const;
  std::vector<Record> list() const;  // by id
  // Lowest free id at or above 100; settings may shift the range. Throws when all are taken.
  GuestId next_free() const;

  ConfigText config(const Record& record) const;
  static std::string config_key(const Record& record);

  // Claims the id and writes the first text in one transaction, with `extra` operations of the
  // caller. Throws `unable to create VM 100 - VM 100 already exists on node 'pve'` (or CT …).
  sys::Async<Record> create(GuestId id, GuestKind kind, std::string text,
                            store::Transaction extra = {});
  // What is called when a guest's number has been given up (memberships and permissions on it must
  // not pass to a later guest of that number).
  void on_remove(std::function<sys::Async<void>(GuestId)> hook);
  // Removes claim and text, with `extra`; of one that has gone before, only what hung on it.
  sys::Async<void> remove(Record record, store::Transaction extra = {});

  // Applies `change` to the newest text and commits; the text after it. `change` may be called
  // again when another writer came between, and must not suspend; returning the text unchanged
  // commits nothing. `digest`, when not empty, must equal the current one:
  // else Error `guest.digest`, "checksum mismatch (file change by other user?)".
  using Change = std::function<std::string(const std::string& text)>;
  sys::Async<ConfigText> edit(Record record, std::string digest, Change change,
                              store::Transaction extra = {});

  // For texts that are put or removed as a whole (`posada config`): adds the claim that must change
  // with them. Throws when the number belongs to another kind or node.
  void accompany_text(GuestId id, GuestKind kind, const std::string& node, bool present,
                      store::Transaction& transaction) const;

  // Every guest that appears, changes its text, or goes (then the text is empty).
  using Listener = std::function<void(const Record&, const ConfigText&)>;
  [[nodiscard]] std::shared_ptr<void> subscribe(Listener listener);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace posada::guest
