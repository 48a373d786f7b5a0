// What must be known of a running machine beside its config, kept in a folder of its own for as
// long as it runs: a new daemon finds the process, what it was started with, and what the host
// gave it. Values and their JSON; the file is written by rename.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/json.h"
#include "guest/config_text.h"

namespace posada::vm {

struct RuntimeRecord {
  GuestId guest;
  std::string uuid;  // of the guest's record: an id is used again, this is not
  std::string boot;  // boot id of the host
  int pid = 0;
  std::uint64_t start_ticks = 0;
  std::int64_t started = 0;  // Unix time
  std::string qemu;          // "7.2.22"
  std::string machine;       // resolved: "pc-q35-7.2"
  std::string acceleration;  // "kvm", "tcg"
  unsigned uid = 0;
  guest::ConfigSection config;                    // the main section that it was started with
  std::map<std::string, std::string> interfaces;  // card → interface of the host
  int next_set = 1;                               // the next free number of a descriptor set
  std::map<std::string, int> sets;                // disk → its descriptor set
  bool restart = false;  // it ends because the guest rebooted while changes waited: start it anew
};

json::object to_json(const RuntimeRecord& record);
// Nothing when it is no such record.
std::optional<RuntimeRecord> runtime_record(const json::value& value);

}  // namespace posada::vm
