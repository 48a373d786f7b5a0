#include "task/journal.h"

#include <algorithm>

#include "base/failpoint.h"
#include "sys/file.h"
#include "sys/file_replace.h"
#include "sys/log.h"

namespace posada::task {

namespace {

// An effect whose details name the boot that it belongs to (a process, a tap, a control group) is
// gone after a power failure by itself, so nobody waits for the disk to record it.
bool ends_with_the_boot(const Journal::Entry& entry) {
  return entry.details.contains("boot");
}

}  // namespace

void UndoHandlers::add(std::string kind, Undo undo) {
  handlers_.insert_or_assign(std::move(kind), std::move(undo));
}

const Undo* UndoHandlers::find(const std::string& kind) const {
  const auto found = handlers_.find(kind);
  return found == handlers_.end() ? nullptr : &found->second;
}

Journal::Journal(std::string file, sys::Pool& disk) : file_(std::move(file)), disk_(&disk) {}

Journal Journal::load(std::string file, sys::Pool& disk) {
  Journal journal(std::move(file), disk);
  const std::optional<std::string> text = sys::read_file_if_exists(journal.file_);
  // Written by rename, so it is whole or absent; or empty, when the power failed before the disk
  // had a journal of effects that ended with the boot.
  if (!text || text->find_first_not_of('\0') == std::string::npos) return journal;
  const json::value parsed = json::parse(*text);
  for (const json::value& item : parsed.as_array()) {
    const json::object& object = item.as_object();
    Entry entry;
    entry.number = object.at("number").to_number<std::uint64_t>();
    entry.kind = std::string(object.at("kind").as_string());
    entry.details = object.at("details").as_object();
    entry.kept = object.at("kept").as_bool();
    journal.next_ = std::max(journal.next_, entry.number + 1);
    journal.entries_.push_back(std::move(entry));
  }
  return journal;
}

sys::Async<std::uint64_t> Journal::will(std::string kind, json::object details) {
  const std::uint64_t number = next_++;
  entries_.push_back({number, std::move(kind), std::move(details), false});
  co_await write();
  failpoint("journal.written");
  co_return number;
}

sys::Async<void> Journal::keep(std::uint64_t number) {
  for (Entry& entry : entries_) {
    if (entry.number == number) entry.kept = true;
  }
  co_await write();
}

sys::Async<void> Journal::close() {
  entries_.clear();
  co_await write();
}

sys::Async<void> Journal::write() {
  if (entries_.empty()) {
    co_await disk_->run([file = file_] { sys::remove_file(file); });
    co_return;
  }
  json::array all;
  for (const Entry& entry : entries_) {
    all.push_back(json::object{{"number", entry.number},
                               {"kind", entry.kind},
                               {"details", entry.details},
                               {"kept", entry.kept}});
  }
  const bool durable =
      std::any_of(entries_.begin(), entries_.end(),
                  [](const Entry& entry) { return !ends_with_the_boot(entry); });
  co_await disk_->run([file = file_, text = json::serialize(all), durable] {
    durable ? sys::write_file(file, text, 0600) : sys::replace_file(file, text, 0600);
  });
}

sys::Async<std::vector<std::string>> Journal::undo(const UndoHandlers& handlers) {
  std::vector<std::string> done;
  std::vector<Entry> remaining;
  while (!entries_.empty()) {
    Entry entry = std::move(entries_.back());
    entries_.pop_back();
    if (entry.kept) continue;
    const Undo* handler = handlers.find(entry.kind);
    std::string failure = handler ? "" : "no handler for '" + entry.kind + "'";
    if (handler) {
      try {
        std::string text = co_await (*handler)(entry.details);
        if (!text.empty()) done.push_back(std::move(text));
      } catch (const std::exception& error) {
        failure = error.what();
      }
    }
    if (!failure.empty()) {
      sys::log_error("cannot undo {}: {}", json::serialize(entry.details), failure);
      done.push_back("could not undo " + entry.kind + ": " + failure);
      remaining.insert(remaining.begin(), std::move(entry));
    }
  }
  entries_ = std::move(remaining);
  co_await write();
  co_return done;
}

bool Journal::empty() const { return entries_.empty(); }

}  // namespace posada::task
