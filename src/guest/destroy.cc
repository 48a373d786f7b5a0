#include "guest/destroy.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/json.h"
#include "guest/power.h"
#include "guest/properties.h"
#include "storage/volume_use.h"
#include "task/journal.h"

namespace posada::guest {

namespace {

constexpr sys::Milliseconds removal_patience(10000);

void check_destroyable(Guests& guests, const Record& record, const Deletion& deletion) {
  const auto& config = guests.config(record).config;
  const Words& words = guests.words;
  guests.check_lock(config, deletion.skip_lock);
  if (to_boolean(config.main.get("protection")).value_or(false))
    throw Error::failed(
        words.code + ".protected",
        "can't remove " + words.noun + " " + record.id.text() + " - protection mode enabled");
  if (!deletion.force && guests.counts_as_running(record.id))
    throw Error::failed(words.code + ".running",
                        words.noun + " " + record.id.text() + " is running - destroy failed");
}

// `context` is null after a crash: then a failure leaves the journal's entry for the next start.
sys::Async<void> remove_volumes(std::shared_ptr<Guests> guests, task::Context* context,
                                std::vector<std::string> list) {
  for (const std::string& volume : list) {
    failpoint(guests->words.code + ".destroy.volume");
    try {
      co_await guests->parts.storages.remove(storage::parse_volume_id(volume));
      if (context != nullptr) context->log("removed volume " + volume);
    } catch (const Error& error) {
      if (context == nullptr) throw;
      context->warn("could not remove volume " + volume + ": " + error.what());
    }
  }
}

sys::Async<void> run_destroy(std::shared_ptr<Guests> guests, task::Context& context, Record record,
                             Deletion deletion) {
  const GuestId id = record.id;
  const std::string step = guests->words.code + ".destroy.";
  const auto claim = co_await guests->parts.claims.acquire(
      id, {{Aspect::exist, "", false}, {Aspect::power, "", false}},
      guests->holder(context, "destroy", Strength::destroy));
  const Record current = guests->require(id);
  check_destroyable(*guests, current, deletion);
  if (const auto run = guests->run_of(id)) co_await end_run(guests, context, run, removal_patience);
  context.cancel().check();
  auto list = guests->own_volumes(guests->config(current).config, id);
  if (deletion.unreferenced_disks) {
    for (const auto& volume : co_await guests->parts.storages.volumes_of(id)) {
      if (std::ranges::find(list, volume.id.text()) == list.end()) list.push_back(volume.id.text());
    }
  }
  for (const std::string& volume : list) {
    storage::require_no_clones(guests->parts.mirror, storage::parse_volume_id(volume));
  }
  json::array texts(list.begin(), list.end());
  co_await context.journal().will(
      guests->words.code + ".destroy",
      {{"guest", id.number}, {"uuid", current.uuid}, {"volumes", std::move(texts)}});
  failpoint(step + "journalled");
  co_await guests->parts.registry.remove(current);
  guests->parsed.erase(id);
  failpoint(step + "committed");
  co_await remove_volumes(guests, &context, std::move(list));
  failpoint(step + "removed");
}

}  // namespace

task::Upid destroy(std::shared_ptr<Guests> guests, Caller caller, GuestId id, Deletion deletion) {
  const Record record = guests->require(id);
  guests->check(caller, id, access::Privilege::vm_allocate);
  check_destroyable(*guests, record, deletion);
  return guests->start_task(caller, id, "destroy",
                            [guests, record, deletion](task::Context& context) {
                              return run_destroy(guests, context, record, deletion);
                            });
}

sys::Async<std::string> finish_destroy(std::shared_ptr<Guests> guests, json::object details) {
  if (!guests) co_return std::string();
  const GuestId id = journalled_guest(details);
  const auto record = guests->parts.registry.find(id);
  if (record && record->uuid == text_member(details, "uuid").value_or(""))
    co_return std::string();  // it had not begun: the guest is as it was
  if (!record) co_await guests->parts.registry.remove({.id = id});  // rights that it left
  std::vector<std::string> list;
  for (const json::value& item : details.at("volumes").as_array())
    list.emplace_back(item.as_string());
  co_await remove_volumes(guests, nullptr, std::move(list));
  co_return "finished removing " + guests->words.long_name + " " + id.text();
}

}  // namespace posada::guest
