// Where the tasks of a node lie on disk, so that a start need not look at each of them:
//   <folder>/<last hex digit of starttime>/<UPID>/   log, state.json, journal, workers' folders
//   <folder>/active/<UPID>                            empty: not ended, or something is left to undo
//   <folder>/index                                    a line of JSON for each task that has ended
//   <folder>/boot                                     of the host when this was last read
//
// Used by Tasks only. Every call but `announce` blocks: on the pool. A state is written whole or not
// at all, and synced by `sync` alone: the journal is what must not be lost. The mark in `active` is
// set before anything else and goes last, so whatever a crash leaves between is found there; after
// a boot the folders are looked at, and the index is written anew. The index forgets all but the
// newest tasks, and their folders go with it.
#pragma once

#include <string>
#include <vector>

#include "task/tasks.h"

namespace posada::task {

class Archive {
 public:
  explicit Archive(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_of(const Upid& upid) const;
  // Before its UPID is told to anybody: whoever asks for it finds it, even after this process was
  // killed. A few bytes into the page cache, so it may be done on the loop.
  void announce(const Info& info) const;
  void begin(const Info& info) const;
  // `leaves_undo`: the task is looked at again at the next start.
  void end(const Info& info, bool leaves_undo) const;
  void sync(const Upid& upid) const;
  // Of a call that leaves no trace.
  void forget(const Upid& upid) const;

  struct Content {
    std::vector<Info> ended;       // oldest first
    std::vector<Info> unfinished;  // running when the daemon died, or with something to undo
  };
  // At the start. Keeps `most` ended tasks and removes the folders of older ones when there are
  // twice as many.
  Content read(std::size_t most) const;

 private:
  void mark_active(const Info& info) const;
  void mark_journals() const;
  Info known_state(const Upid& upid) const;
  std::string state_file(const Upid& upid) const;
  std::string mark(const Upid& upid) const;
  std::vector<Info> read_index() const;
  std::vector<Info> read_folders() const;
  void write_index(const std::vector<Info>& ended) const;

  std::string folder_;
};

}  // namespace posada::task
