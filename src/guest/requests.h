// What callers ask of guests and what the guests' parts are made of, the same for machines and
// containers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "guest/claims.h"
#include "guest/config_text.h"
#include "guest/registry.h"
#include "storage/storage.h"
#include "store/mirror.h"
#include "sys/async.h"
#include "sys/clock.h"
#include "task/tasks.h"

namespace posada::access {
class Permissions;
}

namespace posada::guest {

// What both kinds work with; all of it outlives them.
struct Parts {
  store::Mirror& mirror;
  Registry& registry;
  Claims& claims;
  task::Tasks& tasks;
  storage::Storages& storages;
  access::Permissions& permissions;
  sys::Clock& clock;
  sys::Executor executor;
};

struct Caller {
  Identity user;
  std::string request;  // id that goes through tasks and logs
};

// Keys and values as the API takes them: volumes may say `STORAGE:GiB`.
struct Creation {
  GuestId id;
  Values values;
  std::optional<std::string> description;
  std::string default_storage;  // for new volumes without a storage
  std::string pool;             // rights there count as rights on the new guest
  store::Transaction extra;     // committed with the guest (pool membership)
  bool start = false;
};

struct ConfigChange {
  Values set;
  std::vector<std::string> unset;   // the API's `delete`
  std::vector<std::string> revert;  // waiting changes to drop
  bool force = false;               // remove the volumes of unset disks
  bool skip_lock = false;
  std::string digest;  // empty: not checked
};

struct Deletion {
  bool force = false;  // stop it first
  bool purge = false;
  bool unreferenced_disks = false;
  bool skip_lock = false;
};

struct StopOptions {
  bool skip_lock = false;
  std::chrono::seconds timeout{0};  // 0: the config's, or the kind's own
  bool keep_active = false;
  bool force = false;              // shutdown: stop at the end of the time
  bool overrule_shutdown = false;  // stop: end a running shutdown
};

struct CloneOptions {
  GuestId target;
  std::string name, description, storage, format;
  std::string pool;  // as for Creation
  store::Transaction extra;
  bool full = false;
};

}  // namespace posada::guest
