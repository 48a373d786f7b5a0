#include "app/boot.h"

#include <algorithm>

#include "api/guest_batch.h"
#include "base/json.h"
#include "ct/containers.h"
#include "guest/registry.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "vm/machines.h"

namespace posada::app {
namespace {

constexpr sys::Milliseconds leftover_patience(20'000);
constexpr sys::Milliseconds look_again(100);

}  // namespace

BootStart::BootStart(std::string file, std::string boot, const api::Services& services,
                     const host::Options& node_options)
    : file_(std::move(file)),
      boot_(std::move(boot)),
      services_(services),
      node_options_(node_options) {}

std::optional<std::vector<GuestId>> BootStart::remembered() const {
  const std::optional<std::string> text = sys::read_file_if_exists(file_);
  if (!text) return std::nullopt;
  boost::system::error_code broken;  // by a power failure, where the folder is on a disk
  const json::value parsed = json::parse(*text, broken);
  if (broken || !parsed.is_object()) return std::nullopt;
  const json::object& record = parsed.as_object();
  if (text_member(record, "boot") != boot_) return std::nullopt;
  std::vector<GuestId> guests;
  for (const json::value& id : record.at("waiting").as_array()) {
    const GuestId guest{id.to_number<std::uint32_t>()};
    if (services_.registry->find(guest)) guests.push_back(guest);
  }
  return guests;
}

void BootStart::remember() const {
  json::array waiting;
  for (const GuestId guest : waiting_) waiting.emplace_back(guest.number);
  sys::write_file(file_, json::serialize(json::object{{"boot", boot_}, {"waiting", waiting}}));
}

void BootStart::done_with(GuestId guest) {
  std::erase(waiting_, guest);
  remember();
}

void BootStart::begin() {
  if (const auto left = remembered()) {
    waiting_ = *left;
  } else {
    booted_ = true;
    api::Batch all;
    all.also_running = true;  // see wait_for_leftovers
    for (const api::BatchGuest& guest : api::guests_of(services_, all))
      waiting_.push_back(guest.id);
    remember();
  }
  if (waiting_.empty()) return;
  services_.tasks->start(
      {.type = "startall", .id = "", .user = {"root@pam", ""}, .request = "boot"},
      [this](task::Context& context) { return start_guests(context); });
}

// After a boot nothing runs, but what is left of a run before it counts as running until it has
// been cleared away.
sys::Async<void> BootStart::wait_for_leftovers() {
  const auto is_running = [this](GuestId id) {
    return services_.machines->running(id) || services_.containers->running(id);
  };
  const auto deadline = services_.clock->boot_time() + leftover_patience;
  while (std::ranges::any_of(waiting_, is_running) && services_.clock->boot_time() < deadline) {
    co_await services_.clock->sleep(look_again);
  }
}

sys::Async<void> BootStart::start_guests(task::Context& context) {
  api::Batch batch;
  batch.only = waiting_;
  batch.user = context.user();
  batch.request = "boot";
  batch.delay = std::chrono::seconds(
      integer_member(node_options_.values(), "startall-onboot-delay").value_or(0));
  batch.tried = [this](GuestId guest) { done_with(guest); };
  if (booted_) co_await wait_for_leftovers();
  try {
    co_await api::run_batch(services_, context, std::move(batch));
    waiting_.clear();  // who runs already, or has lost its `onboot`, was not tried
    remember();
  } catch (const Cancelled&) {
    // A daemon that stops ends its coroutines, too: only who asks for the task's end means it.
    if (context.cancel().cancelled()) {
      waiting_.clear();
      remember();
    }
    throw;
  }
}

}  // namespace posada::app
