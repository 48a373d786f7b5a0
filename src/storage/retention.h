// Which backups a retention setting (`prune-backups`, "keep-last=3,keep-weekly=4") keeps. Pure but
// for the local time zone, in which hours, days and weeks are counted.
//
// Backups are looked at guest by guest, newest first. Each rule in the order last, hourly, daily,
// weekly, monthly, yearly keeps the newest backup of each period until it has kept as many as it
// says; a period that an earlier rule covers does not count again, and an older backup of a period
// that a rule has used is given up for good. Protected backups and those whose names are not of the
// standard form are reported, neither counted nor removed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace posada::storage {

struct Retention {
  std::uint64_t last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0;
  // No rule that would remove anything.
  bool keeps_everything() const;
};

// Throws Error::parameter(`name`, …). An empty text keeps everything.
Retention parse_retention(std::string_view text, const std::string& name);

enum class Mark { keep, remove, is_protected, renamed };
std::string_view text(Mark mark);

struct BackupFile {
  std::string file;  // "vzdump-qemu-100-2026_01_02-03_04_05.vma.zst"
  bool is_protected = false;
};

// A mark for each file, in their order.
std::vector<Mark> mark_backups(const std::vector<BackupFile>& files, const Retention& retention);

}  // namespace posada::storage
