#include "storage/retention.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/property_formats.h"
#include "base/property_string.h"
#include "base/text.h"
#include "storage/backup_name.h"

namespace posada::storage {
namespace {

struct Candidate {
  std::size_t place = 0;
  std::int64_t created = 0;
  std::optional<Mark> mark;
};

// Names the period in which a backup was made, by a format of strftime; empty: each its own.
std::string period(std::int64_t created, const char* format) {
  if (*format == '\0') return std::to_string(created);
  const std::time_t time = created;
  std::tm local{};
  localtime_r(&time, &local);
  std::array<char, 64> name{};
  return {name.data(), std::strftime(name.data(), name.size(), format, &local)};
}

void apply_rule(std::vector<Candidate>& newest_first, std::uint64_t count, const char* format) {
  if (count == 0) return;
  std::set<std::string> covered, used;
  for (const Candidate& backup : newest_first) {
    if (backup.mark == Mark::keep) covered.insert(period(backup.created, format));
  }
  for (Candidate& backup : newest_first) {
    std::string name = period(backup.created, format);
    if (backup.mark || covered.contains(name)) continue;
    if (used.contains(name)) {
      backup.mark = Mark::remove;
      continue;
    }
    if (used.size() >= count) return;
    used.insert(std::move(name));
    backup.mark = Mark::keep;
  }
}

void mark_guest(std::vector<Candidate>& backups, const Retention& retention) {
  std::ranges::sort(backups, std::ranges::greater(), [](const Candidate& backup) {
    return std::pair(backup.created, backup.place);
  });
  apply_rule(backups, retention.last, "");
  apply_rule(backups, retention.hourly, "%Y/%m/%d/%H");
  apply_rule(backups, retention.daily, "%Y/%m/%d");
  apply_rule(backups, retention.weekly, "%G/%V");
  apply_rule(backups, retention.monthly, "%Y/%m");
  apply_rule(backups, retention.yearly, "%Y");
}

}  // namespace

bool Retention::keeps_everything() const {
  return last == 0 && hourly == 0 && daily == 0 && weekly == 0 && monthly == 0 && yearly == 0;
}

Retention parse_retention(std::string_view text, const std::string& name) {
  Retention retention;
  if (trim(text).empty()) return retention;
  PropertyValues values = parse_property_string(formats::prune_backups, text, name);
  const auto all = values.extract("keep-all");
  const auto count = [&values](std::string_view key) -> std::uint64_t {
    const auto found = values.find(key);
    return found == values.end() ? 0
                                 : static_cast<std::uint64_t>(to_integer(found->second).value_or(0));
  };
  retention = {.last = count("keep-last"),       .hourly = count("keep-hourly"),
               .daily = count("keep-daily"),     .weekly = count("keep-weekly"),
               .monthly = count("keep-monthly"), .yearly = count("keep-yearly")};
  if (all && all.mapped() == "1" && !retention.keeps_everything()) {
    throw Error::parameter(name, "keep-all cannot be set together with other options.");
  }
  return retention;
}

std::string_view text(Mark mark) {
  switch (mark) {
    case Mark::keep: return "keep";
    case Mark::remove: return "remove";
    case Mark::is_protected: return "protected";
    case Mark::renamed: return "renamed";
  }
  return "";
}

std::vector<Mark> mark_backups(const std::vector<BackupFile>& files, const Retention& retention) {
  std::vector<Mark> marks(files.size(), Mark::keep);
  std::map<std::pair<std::string, GuestId>, std::vector<Candidate>> guests;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto name = parse_backup_name(files[i].file);
    if (!name || !name->is_standard || !name->guest || !name->created) {
      marks[i] = Mark::renamed;
    } else if (files[i].is_protected) {
      marks[i] = Mark::is_protected;
    } else {
      guests[{name->guest_kind, *name->guest}].push_back({i, *name->created, std::nullopt});
    }
  }
  if (retention.keeps_everything()) return marks;
  for (auto& [guest, backups] : guests) {
    mark_guest(backups, retention);
    for (const Candidate& backup : backups) {
      marks[backup.place] = backup.mark.value_or(Mark::remove);
    }
  }
  return marks;
}

}  // namespace posada::storage
