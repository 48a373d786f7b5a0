// Starting programs and following them. Nothing is forked but for an immediate exec; the child
// gets exactly the descriptors named here, and no shell is ever involved.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sys/async.h"
#include "sys/fd.h"

namespace posada::sys {

struct Command {
  std::vector<std::string> arguments;  // [0] is the program, looked up in PATH
  std::map<std::string, std::string> environment;  // added to a minimal one (PATH, LANG, HOME)
  std::string folder;                  // working directory; empty: "/"
  // Descriptors of the child: number in the child → descriptor of ours. 0, 1 and 2 that are not
  // named are /dev/null. Everything else is closed.
  std::map<int, int> descriptors;
  std::optional<unsigned> uid, gid;    // with an empty supplementary set unless `groups`
  std::vector<unsigned> groups;
  std::optional<int> network_namespace;  // descriptor of /run/netns/…
  bool new_session = true;
  bool no_new_privileges = true;
};

// A started child, followed by its pidfd. Destroying it does not end the process.
class Child {
 public:
  Child(Executor executor, int pid, Fd pidfd);
  ~Child();
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  int pid() const;
  // Exit status: 0…255, or 128 + signal. For a process that is not our child (adopted): -1.
  Async<int> wait();
  void signal(int number) const;  // through the pidfd: never hits another process
  // SIGKILL to the process and all of its group. Only for one that was spawned with `new_session`:
  // until its end has been waited for, no other group can have its number.
  void kill_group() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Throws Error with the program's name and the reason when the exec fails.
Child spawn(Executor executor, const Command& command);
// A process that an earlier daemon started. Nothing when the pid is gone or its start time (clock
// ticks since boot, field 22 of /proc/PID/stat) differs.
std::optional<Child> adopt(Executor executor, int pid, std::uint64_t start_ticks);
std::uint64_t start_ticks(int pid);  // 0 when there is no such process

struct Finished {
  int status = 0;
  std::string output;   // at most `limit` bytes
  std::string errors;   // at most `limit` bytes
};
// Runs to the end with `input` on standard input. Kills it and its process group at the deadline
// and throws. Something that it leaves running may keep its output open; nobody waits for that.
Async<Finished> run(Command command, std::string input = {},
                    Milliseconds deadline = Milliseconds(30000), std::size_t limit = 1024 * 1024);
// Like run; a cancel kills it and its process group, too, and throws Cancelled.
Async<Finished> run_cancellable(Command command, CancelToken cancel, Milliseconds deadline);
// Like run, but a status other than 0 throws Error "PROGRAM failed: LAST LINES OF STDERR".
Async<Finished> run_checked(Command command, std::string input = {},
                            Milliseconds deadline = Milliseconds(30000));

}  // namespace posada::sys
