#include "guest/change.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/json.h"
#include "task/journal.h"

namespace posada::guest {

namespace {

void check_names(const Guests& guests, const std::vector<std::string>& keys,
                 const char* parameter) {
  for (const std::string& key : keys) {
    if (key != "description" && !guests.config_grammar.keys.knows(key))
      throw Error::parameter(parameter, "unknown option '" + key + "'");
  }
}

bool is_named(Guests& guests, const Record& record, const std::string& volume) {
  const auto named = named_volumes(guests.config(record).config, guests.config_grammar);
  return std::ranges::find(named, volume) != named.end();
}

}  // namespace

void check_digest(const Guests& guests, const std::string& wanted, const std::string& found) {
  if (!wanted.empty() && wanted != found)
    throw Error::failed("guest.digest", guests.words.changed_meanwhile)
        .with_hint("Somebody else has changed this guest. Load it again and repeat your change.");
}

void check_change(Guests& guests, const Caller& caller, const Record& record,
                  const ConfigChange& change) {
  const ParsedConfig& parsed = guests.config(record);
  check_digest(guests, change.digest, parsed.digest);
  guests.check_lock(parsed.config, change.skip_lock);
  if (change.skip_lock && !caller.user.is_root())
    throw Error::parameter("skiplock", "Only root may use this option.");
  check_names(guests, change.unset, "delete");
  check_names(guests, change.revert, "revert");
  for (const std::string& key : change.unset) {
    if (change.set.contains(key))
      throw Error::parameter(key, "unable to use '" + key + "' and 'delete' for it at once");
  }
}

sys::Async<std::vector<std::string>> change_config(std::shared_ptr<Guests> guests,
                                                   task::Context& context, Record record,
                                                   ChangeWork work, std::string digest,
                                                   store::Transaction extra) {
  const Grammar& grammar = guests->config_grammar;
  const auto removed_from = [&](GuestConfig& config) {
    ConfigChanger changer(config, record.id, grammar);
    work(changer);
    return changer.removed();
  };
  GuestConfig now = guests->config(record).config;
  const auto expected = removed_from(now);
  co_await will_drop(guests, context, record.id, expected);
  std::vector<std::string> removed;
  co_await guests->parts.registry.edit(
      record, std::move(digest),
      [&](const std::string& text) {
        return guests->changed_text(text, record.id,
                                    [&](GuestConfig& config) { removed = removed_from(config); });
      },
      std::move(extra));
  // Somebody wrote another text between.
  if (removed != expected) co_await will_drop(guests, context, record.id, removed);
  co_return removed;
}

sys::Async<void> apply_waiting(std::shared_ptr<Guests> guests, task::Context& context, GuestId id) {
  const Record record = guests->require(id);
  if (!guests->config(record).config.has_pending()) co_return;
  auto removed = co_await change_config(guests, context, record,
                                        [](ConfigChanger& changer) { changer.settle_all(); });
  failpoint(guests->words.code + ".pending.applied");
  co_await drop_volumes(guests, context, record, std::move(removed));
}

sys::Async<void> will_drop(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                           std::vector<std::string> volumes) {
  const std::string entry = guests->words.code + ".volume";
  for (const std::string& volume : volumes) {
    co_await context.journal().will(entry, {{"volume", volume}, {"guest", id.number}});
    failpoint(entry + ".journalled");
  }
}

sys::Async<void> drop_volumes(std::shared_ptr<Guests> guests, task::Context& context, Record record,
                              std::vector<std::string> volumes) {
  for (const std::string& volume : volumes) {
    if (is_named(*guests, record, volume)) continue;  // a snapshot still has it
    co_await guests->parts.storages.remove(storage::parse_volume_id(volume));
    context.log("removed volume " + volume);
  }
}

// A removal that had begun is finished, unless the config names the volume (again).
sys::Async<std::string> finish_drop(std::shared_ptr<Guests> guests, json::object details) {
  if (!guests) co_return std::string();
  const std::string volume = text_member(details, "volume").value_or("");
  const auto record = guests->parts.registry.find(journalled_guest(details));
  if (record && record->kind == guests->words.kind && is_named(*guests, *record, volume))
    co_return std::string();
  co_await guests->parts.storages.remove(storage::parse_volume_id(volume));
  co_return "removed volume " + volume;
}

}  // namespace posada::guest
