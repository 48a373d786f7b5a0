#include "task/archive.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "sys/file.h"
#include "sys/file_replace.h"
#include "sys/host.h"

namespace posada::task {
namespace {

std::string print(const Info& info) {
  return json::serialize(json::object{{"upid", info.upid.text()},
                                      {"running", info.running},
                                      {"end_time", info.end_time},
                                      {"exit_status", info.exit_status},
                                      {"request", info.request}});
}

// Nothing for what is not whole: the last line of a machine that lost its power.
std::optional<Info> parse(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  const std::optional<Upid> upid = Upid::parse(text_member(object, "upid").value_or(""));
  const json::value* running = object.if_contains("running");
  if (!upid || running == nullptr || !running->is_bool()) return std::nullopt;
  Info info;
  info.upid = *upid;
  info.running = running->get_bool();
  info.end_time = integer_member(object, "end_time").value_or(0);
  info.exit_status = text_member(object, "exit_status").value_or("");
  info.request = text_member(object, "request").value_or("");
  return info;
}

std::optional<Info> read_state(const std::string& folder) {
  const auto text = sys::read_file_if_exists(folder + "/state.json");
  return text ? parse(*text) : std::nullopt;
}

void sort(std::vector<Info>& infos) {
  std::ranges::sort(infos, {}, [](const Info& info) {
    return std::pair(info.upid.start_time, info.upid.pid);
  });
}

}  // namespace

std::string Archive::folder_of(const Upid& upid) const {
  return fmt::format("{}/{:X}/{}", folder_, upid.start_time & 15, upid.text());
}

std::string Archive::mark(const Upid& upid) const {
  return folder_ + "/active/" + upid.text();
}

std::string Archive::state_file(const Upid& upid) const {
  return folder_of(upid) + "/state.json";
}

void Archive::mark_active(const Info& info) const {
  sys::make_directories(folder_ + "/active", 0700);
  sys::append_file(mark(info.upid), "", 0600);
  sys::make_directories(folder_of(info.upid), 0700);
}

void Archive::announce(const Info& info) const {
  mark_active(info);
  sys::append_file(state_file(info.upid), print(info), 0600);
}

void Archive::begin(const Info& info) const {
  mark_active(info);
  sys::replace_file(state_file(info.upid), print(info), 0600);
}

void Archive::end(const Info& info, bool leaves_undo) const {
  sys::replace_file(state_file(info.upid), print(info), 0600);
  if (leaves_undo) return;
  sys::append_file(folder_ + "/index", print(info) + "\n", 0600);
  sys::remove_file(mark(info.upid));
}

void Archive::sync(const Upid& upid) const {
  sys::sync_file(state_file(upid));
}

void Archive::forget(const Upid& upid) const {
  sys::remove_tree(folder_of(upid));
  sys::remove_file(mark(upid));
}

// Without a readable state (the power failed before it was on disk) the name tells enough to work
// through the journal.
Info Archive::known_state(const Upid& upid) const {
  if (auto info = read_state(folder_of(upid))) return *info;
  Info info;
  info.upid = upid;
  return info;
}

void Archive::mark_journals() const {
  for (const std::string& digit : sys::list_directory(folder_)) {
    if (digit.size() != 1) continue;
    for (const std::string& name : sys::list_directory(folder_ + "/" + digit)) {
      const std::optional<Upid> upid = Upid::parse(name);
      if (upid && sys::exists(folder_of(*upid) + "/journal")) {
        mark_active(known_state(*upid));
      }
    }
  }
}

std::vector<Info> Archive::read_index() const {
  std::vector<Info> infos;
  std::set<std::string> known;
  const std::string text = sys::read_file_if_exists(folder_ + "/index").value_or("");
  // After half a line the next one would not be read either.
  if (!text.empty() && text.back() != '\n') sys::append_file(folder_ + "/index", "\n", 0600);
  for (const std::string& line : split(text, '\n')) {
    std::optional<Info> info = parse(line);
    if (info && known.insert(info->upid.text()).second) infos.push_back(std::move(*info));
  }
  return infos;
}

std::vector<Info> Archive::read_folders() const {
  std::vector<Info> infos;
  for (const std::string& digit : sys::list_directory(folder_)) {
    if (digit.size() != 1) continue;
    for (const std::string& name : sys::list_directory(folder_ + "/" + digit)) {
      std::optional<Info> info = read_state(folder_ + "/" + digit + "/" + name);
      if (info && !sys::exists(mark(info->upid))) infos.push_back(std::move(*info));
    }
  }
  return infos;
}

void Archive::write_index(const std::vector<Info>& ended) const {
  std::string text;
  for (const Info& info : ended) text += print(info) + "\n";
  sys::write_file(folder_ + "/index", text, 0600);
}

Archive::Content Archive::read(std::size_t most) const {
  Content content;
  // Neither marks nor the index are synced; what a power failure may have taken away, the folders
  // tell.
  const std::string boot = sys::boot_id();
  if (sys::read_file_if_exists(folder_ + "/boot") != boot) {
    mark_journals();
    sys::remove_file(folder_ + "/index");
    sys::make_directories(folder_, 0700);
    sys::write_file(folder_ + "/boot", boot, 0600);
  }
  for (const std::string& name : sys::list_directory(folder_ + "/active")) {
    const std::optional<Upid> upid = Upid::parse(name);
    if (!upid || !sys::exists(folder_of(*upid))) {
      sys::remove_file(folder_ + "/active/" + name);  // the daemon died before the task had begun
      continue;
    }
    content.unfinished.push_back(known_state(*upid));
  }
  const bool indexed = sys::exists(folder_ + "/index");
  for (Info& info : indexed ? read_index() : read_folders()) {
    // Without an index there were no marks either.
    (info.running ? content.unfinished : content.ended).push_back(std::move(info));
  }
  sort(content.ended);
  sort(content.unfinished);
  if (content.ended.size() > 2 * most) {
    const auto kept = content.ended.end() - static_cast<std::ptrdiff_t>(most);
    for (auto old = content.ended.begin(); old != kept; ++old) {
      sys::remove_tree(folder_of(old->upid));
    }
    content.ended.erase(content.ended.begin(), kept);
    write_index(content.ended);
  } else if (!indexed && !content.ended.empty()) {
    write_index(content.ended);
  }
  return content;
}

}  // namespace posada::task
