// Removing a machine (machine_state.h). The config goes first, in one transaction; from then on the
// removal can only go forward: what a crash leaves is finished by the journal.
#include "access/permissions.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "storage/volume_id.h"
#include "sys/log.h"
#include "vm/config_edit.h"
#include "vm/machine_state.h"

namespace posada::vm {

namespace {

// Volumes of the config that are the guest's own; a foreign disk stays.
std::vector<std::string> own_volumes(const guest::GuestConfig& config, GuestId id) {
  std::vector<std::string> result;
  for (const std::string& text : volumes(config)) {
    const auto volume = storage::try_parse_volume_id(text);
    const auto name = volume ? storage::try_parse_volume_name(volume->name) : std::nullopt;
    if (name && name->owner == id) result.push_back(text);
  }
  return result;
}

void check_destroyable(Machines::State& state, const guest::Record& record, bool skip_lock) {
  const auto& config = state.config(record).config;
  if (flag(config.main, "protection", false)) {
    throw Error::failed("vm.protected",
                        "can't remove VM " + record.id.text() + " - protection mode enabled");
  }
  state.check_lock(config, skip_lock);
  if (state.find(record.id)) {
    throw Error::failed("vm.running", "VM " + record.id.text() + " is running - destroy failed");
  }
}

sys::Async<void> remove_volumes(Machines::State& state, task::Context* context,
                                std::vector<std::string> list) {
  for (const std::string& volume : list) {
    failpoint("vm.destroy.volume");
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

sys::Async<void> Machines::State::destroy(std::shared_ptr<State> self, task::Context& context,
                                          guest::Record record, Deletion deletion) {
  const GuestId id = record.id;
  const auto claim = co_await self->parts.claims.acquire(
      id, {{guest::Aspect::exist, "", false}, {guest::Aspect::power, "", false}},
      self->holder(context, "destroy", guest::Strength::destroy));
  const auto current = self->require(id);
  check_destroyable(*self, current, deletion.skip_lock);
  auto list = own_volumes(self->config(current).config, id);
  if (deletion.unreferenced_disks) {
    for (const auto& volume : co_await self->parts.storages.volumes_of(id)) {
      if (std::find(list.begin(), list.end(), volume.id.text()) == list.end()) {
        list.push_back(volume.id.text());
      }
    }
  }
  json::array texts(list.begin(), list.end());
  co_await context.journal().will(
      "vm.destroy", {{"guest", id.number}, {"uuid", current.uuid}, {"volumes", std::move(texts)}});
  failpoint("vm.destroy.journalled");
  co_await self->parts.registry.remove(current);
  self->parsed.erase(id);
  failpoint("vm.destroy.committed");
  co_await remove_volumes(*self, &context, list);
  failpoint("vm.destroy.removed");
}

sys::Async<std::string> finish_destroy(std::shared_ptr<Machines::State> state,
                                       json::object details) {
  if (!state) co_return std::string();
  const GuestId id{static_cast<std::uint32_t>(integer_member(details, "guest").value_or(0))};
  const auto record = state->parts.registry.find(id);
  if (record && record->uuid == text_member(details, "uuid").value_or("")) {
    co_return std::string();  // it had not begun: the machine is as it was
  }
  std::vector<std::string> list;
  for (const json::value& item : details.at("volumes").as_array()) {
    list.emplace_back(item.as_string());
  }
  co_await remove_volumes(*state, nullptr, std::move(list));
  co_return "finished removing machine " + id.text();
}

task::Upid Machines::destroy(Caller caller, GuestId id, Deletion deletion) {
  const auto record = state_->require(id);
  state_->check(caller, id, access::Privilege::vm_allocate);
  check_destroyable(*state_, record, deletion.skip_lock);
  const auto self = state_;
  return state_->parts.tasks.start({"qmdestroy", id.text(), caller.user, caller.request},
                                   [self, record, deletion](task::Context& context) {
                                     return State::destroy(self, context, record, deletion);
                                   });
}

}  // namespace posada::vm
