// Removing a container (container_state.h): the config goes first, in one transaction with the
// claim of its id; the journal makes sure that its volumes follow.
#include <algorithm>

#include "base/error.h"
#include "base/failpoint.h"
#include "ct/container_state.h"
#include "storage/volume_id.h"

namespace posada::ct {

namespace {

void check_destroyable(Containers::State& state, const guest::Record& record, bool force) {
  const auto& config = state.config(record).config;
  state.check_lock(config, false);
  if (flag(config.main, "protection", false))
    throw Error::failed("ct.protected",
                        "can't remove CT " + record.id.text() + " - protection mode enabled");
  if (!force && state.find(record.id))
    throw Error::failed("ct.running", "CT " + record.id.text() + " is running - destroy failed");
}

// `context` is null after a crash: then a failure leaves the journal's entry for the next start.
sys::Async<void> remove_volumes(Containers::State& state, task::Context* context,
                                std::vector<std::string> list) {
  for (const std::string& volume : list) {
    failpoint("ct.destroy.volume");
    try {
      co_await state.parts.storages.remove(storage::parse_volume_id(volume));
      if (context != nullptr) context->log("removed volume " + volume);
    } catch (const Error& error) {
      if (context == nullptr) throw;
      context->warn("could not remove volume " + volume + ": " + error.what());
    }
  }
}

}  // namespace

sys::Async<void> Containers::State::destroy(std::shared_ptr<State> self, task::Context& context,
                                            guest::Record record, Deletion deletion) {
  const GuestId id = record.id;
  const auto claim = co_await self->parts.claims.acquire(
      id, {{guest::Aspect::exist, "", false}, {guest::Aspect::power, "", false}},
      self->holder(context, "destroy", guest::Strength::destroy));
  const auto current = self->require(id);
  check_destroyable(*self, current, deletion.force);
  if (const auto run = self->find(id)) co_await kill(self, run);
  std::vector<std::string> list;
  for (const std::string& volume : volumes(self->config(current).config)) {
    if (is_own_volume(volume, id)) list.push_back(volume);
  }
  if (deletion.unreferenced_disks) {
    for (const auto& volume : co_await self->parts.storages.volumes_of(id)) {
      if (std::ranges::find(list, volume.id.text()) == list.end()) list.push_back(volume.id.text());
    }
  }
  json::array texts(list.begin(), list.end());
  co_await context.journal().will(
      "ct.destroy", {{"guest", id.number}, {"uuid", current.uuid}, {"volumes", std::move(texts)}});
  failpoint("ct.destroy.journalled");
  co_await self->parts.registry.remove(current);
  self->parsed.erase(id);
  failpoint("ct.destroy.committed");
  co_await remove_volumes(*self, &context, list);
  failpoint("ct.destroy.removed");
}

sys::Async<std::string> finish_destroy(std::shared_ptr<Containers::State> state,
                                       json::object details) {
  if (!state) co_return std::string();
  const GuestId id{static_cast<std::uint32_t>(integer_member(details, "guest").value_or(0))};
  const auto record = state->parts.registry.find(id);
  if (record && record->uuid == text_member(details, "uuid").value_or(""))
    co_return std::string();  // it had not begun: the container is as it was
  std::vector<std::string> list;
  for (const json::value& item : details.at("volumes").as_array())
    list.emplace_back(item.as_string());
  co_await remove_volumes(*state, nullptr, std::move(list));
  co_return "finished removing container " + id.text();
}

task::Upid Containers::destroy(Caller caller, GuestId id, Deletion deletion) {
  const auto record = state_->require(id);
  state_->check(caller, id, access::Privilege::vm_allocate);
  check_destroyable(*state_, record, deletion.force);
  const auto self = state_;
  return state_->parts.tasks.start({"vzdestroy", id.text(), caller.user, caller.request},
                                   [self, record, deletion](task::Context& context) {
                                     return State::destroy(self, context, record, deletion);
                                   });
}

}  // namespace posada::ct
