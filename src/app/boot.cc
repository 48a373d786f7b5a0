#include "app/boot.h"

#include "api/guest_batch.h"
#include "base/json.h"
#include "guest/registry.h"
#include "sys/file.h"
#include "sys/log.h"

namespace posada::app {

BootStart::BootStart(std::string file, std::string boot, const api::Services& services,
                     const host::Options& node_options)
    : file_(std::move(file)),
      boot_(std::move(boot)),
      services_(services),
      node_options_(node_options) {}

std::optional<std::vector<GuestId>> BootStart::remembered() const {
  const std::optional<std::string> text = sys::read_file_if_exists(file_);
  if (!text) return std::nullopt;
  const json::object record = json::parse(*text).as_object();
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
    for (const api::BatchGuest& guest : api::guests_of(services_, {})) waiting_.push_back(guest.id);
    remember();
  }
  if (waiting_.empty()) return;
  services_.tasks->start(
      {.type = "startall", .id = "", .user = {"root@pam", ""}, .request = "boot"},
      [this](task::Context& context) { return start_guests(context); });
}

sys::Async<void> BootStart::start_guests(task::Context& context) {
  api::Batch batch;
  batch.only = waiting_;
  batch.user = context.user();
  batch.request = "boot";
  batch.delay = std::chrono::seconds(
      integer_member(node_options_.values(), "startall-onboot-delay").value_or(0));
  batch.tried = [this](GuestId guest) { done_with(guest); };
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
