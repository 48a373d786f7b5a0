#include "api/guest_batch.h"

#include <algorithm>
#include <limits>

#include "access/permissions.h"
#include "base/property_formats.h"
#include "base/property_string.h"
#include "base/text.h"
#include "ct/containers.h"
#include "guest/registry.h"
#include "sys/clock.h"
#include "vm/machines.h"

namespace posada::api {
namespace {

constexpr std::int64_t last_place = std::numeric_limits<std::int64_t>::max();

// What the workers of one place in the order share.
struct Round {
  const Services& services;
  task::Context& context;
  const Batch& batch;
  std::vector<BatchGuest> guests;
  std::size_t next = 0;
};

json::object config_of(const Services& services, const BatchGuest& guest) {
  return guest.kind == GuestKind::vm ? services.machines->config(guest.id, true)
                                     : services.containers->config(guest.id, true);
}

bool is_running(const Services& services, const BatchGuest& guest) {
  return guest.kind == GuestKind::vm ? services.machines->running(guest.id)
                                     : services.containers->running(guest.id);
}

std::int64_t number_in(const PropertyValues& values, std::string_view key, std::int64_t otherwise) {
  const auto found = values.find(key);
  return found == values.end() ? otherwise : to_integer(found->second).value_or(otherwise);
}

void read_startup(BatchGuest& guest, const json::object& config) {
  guest.order = last_place;
  const auto text = text_member(config, "startup");
  if (!text || property_string_fault(formats::pve_startup_order, *text, "startup")) return;
  const PropertyValues values = parse_property_string(formats::pve_startup_order, *text, "startup");
  guest.order = number_in(values, "order", last_place);
  guest.up = std::chrono::seconds(number_in(values, "up", 0));
  guest.down = std::chrono::seconds(number_in(values, "down", 0));
}

bool is_concerned(const Services& services, const Batch& batch, const BatchGuest& guest,
                  const json::object& config) {
  const bool running = is_running(services, guest);
  if (batch.action != BatchAction::start) return running;
  if ((running && !batch.also_running) || text_member(config, "template") == "1") return false;
  return batch.force || text_member(config, "onboot") == "1";
}

task::Upid start_guest(const Round& round, const BatchGuest& guest) {
  const Batch& batch = round.batch;
  if (guest.kind == GuestKind::vm) {
    return round.services.machines->power_on({batch.user, batch.request}, guest.id, {});
  }
  return round.services.containers->power_on({batch.user, batch.request}, guest.id, false);
}

task::Upid shut_down_guest(const Round& round, const BatchGuest& guest) {
  const Batch& batch = round.batch;
  const std::chrono::seconds patience = guest.down.count() > 0 ? guest.down : batch.timeout;
  if (guest.kind == GuestKind::vm) {
    vm::StopOptions options;
    options.timeout = patience;
    options.force = batch.force;
    return round.services.machines->shut_down({batch.user, batch.request}, guest.id, options);
  }
  ct::StopOptions options;
  options.timeout = patience;
  options.force = batch.force;
  return round.services.containers->shut_down({batch.user, batch.request}, guest.id, options);
}

std::string label(const BatchGuest& guest) {
  return (guest.kind == GuestKind::vm ? "VM " : "CT ") + guest.id.text();
}

// In steps, so that whoever stops the task need not wait.
sys::Async<void> pause(const Services& services, task::Context& context,
                       std::chrono::seconds length, std::string reason) {
  if (length.count() <= 0) co_return;
  context.log("Waiting for " + std::to_string(length.count()) + " seconds (" + reason + ")");
  for (auto left = length; left.count() > 0 && !context.cancel().cancelled(); --left) {
    co_await services.clock->sleep(sys::Milliseconds(1000));
  }
}

// Says in the log what happens and how it ended.
sys::Async<void> work_on(Round& round, BatchGuest guest) {
  task::Context& context = round.context;
  std::string upid;
  switch (round.batch.action) {
    case BatchAction::start:
      context.log("Starting " + label(guest));
      upid = start_guest(round, guest).text();
      break;
    case BatchAction::shutdown:
      context.log("Stopping " + label(guest));
      upid = shut_down_guest(round, guest).text();
      break;
    case BatchAction::suspend:
      if (guest.kind == GuestKind::container) {
        context.log("Skipping " + label(guest) + ": containers cannot be suspended");
        co_return;
      }
      context.log("Suspending " + label(guest));
      upid = round.services.machines
                 ->suspend({round.batch.user, round.batch.request}, guest.id, round.batch.to_disk,
                           false)
                 .text();
      break;
  }
  const task::Info info = co_await round.services.tasks->wait(upid);
  if (info.exit_status != "OK") context.warn(label(guest) + ": " + info.exit_status);
}

sys::Async<void> worker(Round& round) {
  while (round.next < round.guests.size() && !round.context.cancel().cancelled()) {
    const BatchGuest guest = round.guests[round.next++];
    bool worked = false;
    try {
      co_await work_on(round, guest);
      worked = true;
    } catch (const Error& error) {
      round.context.warn(label(guest) + ": " + error.wire());
    }
    if (round.batch.tried) round.batch.tried(guest.id);
    if (worked && round.batch.action == BatchAction::start)
      co_await pause(round.services, round.context, guest.up, "startup delay");
  }
}

}  // namespace

std::vector<BatchGuest> guests_of(const Services& services, const Batch& batch) {
  std::vector<BatchGuest> guests;
  for (const guest::Record& record : services.registry->list()) {
    if (record.node != services.node) continue;
    const bool named =
        std::find(batch.only.begin(), batch.only.end(), record.id) != batch.only.end();
    if (!batch.only.empty() && !named) continue;
    BatchGuest guest{.id = record.id, .kind = record.kind};
    const json::object config = config_of(services, guest);
    read_startup(guest, config);
    if (is_concerned(services, batch, guest, config)) guests.push_back(guest);
  }
  std::sort(guests.begin(), guests.end(), [](const BatchGuest& a, const BatchGuest& b) {
    return std::pair(a.order, a.id.number) < std::pair(b.order, b.id.number);
  });
  if (batch.action != BatchAction::start) std::reverse(guests.begin(), guests.end());
  return guests;
}

sys::Async<void> run_batch(const Services& services, task::Context& context, Batch batch) {
  co_await pause(services, context, batch.delay, "startall-onboot-delay");
  context.cancel().check();
  const std::vector<BatchGuest> guests = guests_of(services, batch);
  if (guests.empty()) context.log("no guest to work on");
  for (auto begin = guests.begin(); begin != guests.end();) {
    const auto end = std::find_if(
        begin, guests.end(), [&](const BatchGuest& guest) { return guest.order != begin->order; });
    Round round{services, context, batch, {begin, end}};
    sys::Scope scope(services.scope->executor());
    const std::size_t workers =
        std::min(std::max<std::size_t>(batch.workers, 1), round.guests.size());
    for (std::size_t i = 0; i < workers; ++i) scope.spawn("batch", worker(round));
    co_await scope.join();
    context.cancel().check();
    begin = end;
  }
}

void check_batch(const Call& call, const Batch& batch) {
  const access::PrivilegeList power(access::Privilege::vm_power);
  if (batch.only.empty()) call.services.permissions->check(call.identity, "/vms", power);
  for (const GuestId id : batch.only) {
    call.services.permissions->check(call.identity, "/vms/" + id.text(), power);
  }
  for (const GuestId id : batch.only) {
    if (call.services.registry->find(id)) continue;
    throw Error::parameter("vms", "the guest " + id.text() + " does not exist");
  }
}

}  // namespace posada::api
