#include "access/ticket_keys.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::access {
namespace {

// One record, so that the keys always belong together.
constexpr std::string_view key_name = "priv/authkey";
constexpr std::size_t secret_bytes = 32;
constexpr int max_races = 10;

json::object to_json(const SigningKey& key) {
  return {{"seed", base64(key.seed)}, {"created", key.created}};
}

std::optional<SigningKey> to_key(const json::value* value) {
  if (value == nullptr || !value->is_object()) return std::nullopt;
  const auto seed = from_base64(text_member(value->as_object(), "seed").value_or(""));
  const auto created = integer_member(value->as_object(), "created");
  if (!seed || seed->size() != secret_bytes || !created) return std::nullopt;
  return make_signing_key(*seed, *created);
}

std::string print(const TicketKeys& keys) {
  json::object object{{"current", to_json(keys.current)}, {"csrf", base64(keys.csrf_secret)}};
  if (keys.previous) object["previous"] = to_json(*keys.previous);
  return json::serialize(object);
}

std::optional<TicketKeys> parse(const std::string& text) {
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::object& object = value.as_object();
  const auto current = to_key(object.if_contains("current"));
  const auto csrf = from_base64(text_member(object, "csrf").value_or(""));
  if (!current || !csrf || csrf->size() != secret_bytes) return std::nullopt;
  return TicketKeys{*current, to_key(object.if_contains("previous")), *csrf};
}

}  // namespace

TicketKeyKeeper::TicketKeyKeeper(store::Mirror& mirror, const sys::Clock& clock, Tickets& tickets)
    : mirror_(mirror), clock_(clock), tickets_(tickets) {}

std::optional<TicketKeys> TicketKeyKeeper::load() const {
  const store::Entry* entry = mirror_.find(key_name);
  return entry == nullptr ? std::nullopt : parse(entry->value);
}

void TicketKeyKeeper::hand_over() {
  if (auto keys = load()) tickets_.use_keys(std::move(*keys));
}

sys::Async<void> TicketKeyKeeper::start() {
  subscription_ =
      mirror_.subscribe(std::string(key_name), [this](const store::Change&) { hand_over(); });
  hand_over();
  co_await renew_if_due();
}

sys::Async<void> TicketKeyKeeper::renew_if_due() {
  for (int attempt = 0; attempt < max_races; ++attempt) {
    const std::int64_t now = clock_.wall_seconds();
    const std::optional<TicketKeys> present = load();
    // A key from the future (the clock was set back) is as good as any.
    if (present && now - present->current.created < key_rotation_seconds) co_return;
    TicketKeys next{make_signing_key(sys::random_bytes(secret_bytes), now), std::nullopt,
                    present ? present->csrf_secret : sys::random_bytes(secret_bytes)};
    if (present) next.previous = present->current;
    store::Transaction transaction;
    const store::Entry* entry = mirror_.find(key_name);
    if (entry == nullptr) {
      transaction.require_absent(std::string(key_name));
    } else {
      transaction.require_modified(std::string(key_name), entry->modified);
    }
    transaction.put(std::string(key_name), print(next));
    // Another node may have been first: then its key counts.
    co_await mirror_.try_commit(std::move(transaction));
  }
  throw Error::failed("access.no-keys", "the keys for tickets cannot be renewed");
}

}  // namespace posada::access
