// Undo as data. Before a step changes the world, its task records here how to undo it, on local
// disk and synced; after a failure, a cancel, a crash or a reboot one compensator works through
// what is recorded, newest first.
//
//   auto entry = co_await journal.will("storage.volume", {{"volume", id}});  // before the effect
//   … allocate …
//   journal.keep(entry);   // optional: from here on the effect is wanted even if the task fails
//
// Undo handlers are registered by kind at start, in the feature that owns the effect. They must be
// idempotent and must not need the task: after a crash they run in a new process. An undo that
// fails stays recorded and is tried again at the next start.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "sys/async.h"

namespace posada::task {

// What has been undone, in words for the task's log ("removed volume local:100/…").
using Undo = std::function<sys::Async<std::string>(json::object details)>;

class UndoHandlers {
 public:
  void add(std::string kind, Undo undo);
  const Undo* find(const std::string& kind) const;

 private:
  std::map<std::string, Undo> handlers_;
};

class Journal {
 public:
  struct Entry {
    std::uint64_t number = 0;
    std::string kind;
    json::object details;
    bool kept = false;
  };

  // `file` is created with the first entry.
  Journal(std::string file, sys::Pool& disk);
  static Journal load(std::string file, sys::Pool& disk);

  sys::Async<std::uint64_t> will(std::string kind, json::object details);
  sys::Async<void> keep(std::uint64_t entry);
  // The task has succeeded: everything is kept and the file removed.
  sys::Async<void> close();
  // Undoes what is not kept, newest first; the texts of what was undone. The file goes when all
  // undos succeeded.
  sys::Async<std::vector<std::string>> undo(const UndoHandlers& handlers);
  bool empty() const;

 private:
  sys::Async<void> write();
  std::string file_;
  sys::Pool* disk_;
  std::vector<Entry> entries_;
  std::uint64_t next_ = 1;
};

}  // namespace posada::task
