#include "guest/guests.h"

#include <algorithm>

#include "access/permissions.h"
#include "base/json.h"
#include "guest/config_change.h"

namespace posada::guest {

Guests::Guests(Words words_, const Grammar& grammar, Parts parts_)
    : words(std::move(words_)), config_grammar(grammar), parts(std::move(parts_)) {}

Guests::~Guests() = default;

Starting::Starting(std::shared_ptr<Guests> guests, GuestId id)
    : guests_(std::move(guests)), id_(id) {
  guests_->starting.insert(id_);
}

Starting::~Starting() {
  guests_->starting.erase(guests_->starting.find(id_));
}

Record Guests::require(GuestId id) const {
  return parts.registry.require(id, words.kind);
}

const ParsedConfig& Guests::config(const Record& record) {
  const ConfigText text = parts.registry.config(record);
  ParsedConfig& entry = parsed[record.id];
  if (entry.revision != text.revision || entry.digest != text.digest)
    entry = {text.revision, text.digest, parse_config(text.text, config_grammar, record.id).config};
  return entry;
}

std::string Guests::changed_text(const std::string& text, GuestId id, const Edit& change) const {
  auto config = parse_config(text, config_grammar, id).config;
  change(config);
  config.clean_pending();
  return write_config(std::move(config), config_grammar);
}

std::vector<std::string> Guests::own_volumes(const GuestConfig& config, GuestId id) const {
  std::vector<std::string> result = named_volumes(config, config_grammar);
  std::erase_if(result, [&](const std::string& volume) { return !is_own_volume(volume, id); });
  return result;
}

void Guests::check_lock(const GuestConfig& config, bool skip) const {
  if (!skip && config.main.has("lock"))
    throw Error::busy(words.noun + " is locked (" + std::string(config.main.get("lock")) + ")", "");
}

void Guests::check(const Caller& caller, GuestId id, access::Privilege privilege) const {
  parts.permissions.check(caller.user, "/vms/" + id.text(), privilege);
}

std::string Guests::check_may_create(const Caller& caller, GuestId id,
                                     const std::string& pool) const {
  const std::string own = "/vms/" + id.text();
  if (parts.permissions.may(caller.user, own, access::Privilege::vm_allocate)) return own;
  if (pool.empty()) throw Error::forbidden(own, "VM.Allocate");
  const std::string path = "/pool/" + pool;
  parts.permissions.check(caller.user, path, access::Privilege::vm_allocate);
  return path;
}

void Guests::check_free(GuestId id) const {
  const auto taken = parts.registry.find(id);
  if (!taken) return;
  const std::string other = taken->kind == GuestKind::vm ? "VM " : "CT ";
  throw Error::failed("guest.exists", "unable to create " + words.noun + " " + id.text() + " - " +
                                          other + id.text() + " already exists on node '" +
                                          taken->node + "'");
}

Error Guests::not_running(GuestId id) const {
  return Error::failed(words.code + ".not-running", words.noun + " " + id.text() + " not running");
}

Holder Guests::holder(task::Context& context, std::string operation, Strength strength) const {
  task::Context* const task = &context;  // lives as long as the task's work
  return {context.upid().text(), std::move(operation), strength, context.cancel(),
          [task](std::string text) { task->waits_for(std::move(text)); }};
}

task::Upid Guests::start_task(const Caller& caller, GuestId id, std::string_view operation,
                              task::Work work) {
  return parts.tasks.start(
      {words.task + std::string(operation), id.text(), caller.user, caller.request},
      std::move(work));
}

std::shared_ptr<void> Guests::subscribe(Listener listener) {
  auto shared = std::make_shared<Listener>(std::move(listener));
  listeners_.push_back(shared);
  return shared;
}

void Guests::tell(GuestId id, const std::string& state) {
  std::erase_if(listeners_, [](const auto& listener) { return listener.expired(); });
  for (const auto& weak : std::list<std::weak_ptr<Listener>>(listeners_)) {
    if (const auto listener = weak.lock()) (*listener)(id, state);
  }
}

GuestId journalled_guest(const json::object& details) {
  return GuestId{static_cast<std::uint32_t>(integer_member(details, "guest").value_or(0))};
}

}  // namespace posada::guest
