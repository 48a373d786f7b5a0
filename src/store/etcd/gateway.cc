#include "store/etcd/gateway.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace posada::store::etcd {

namespace {

// gRPC status codes that etcd answers with.
constexpr int not_found = 5;
constexpr int exhausted = 8;
constexpr int code_unavailable = 14;

// Refusals after which etcd has certainly done nothing.
constexpr std::array<std::string_view, 4> certain{
    "etcdserver: no leader",
    "etcdserver: too many requests",
    "etcdserver: not capable",
    "etcdserver: server not ready",
};

const json::object* member(const json::object& message, std::string_view name) {
  const json::value* value = message.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

json::object compare_of(const Layout& layout, const Precondition& precondition) {
  json::object compare{{"key", base64(layout.root + precondition.key)}, {"result", "EQUAL"}};
  switch (precondition.kind) {
    case Precondition::Kind::exists:
      compare["target"] = "VERSION";
      compare["result"] = "GREATER";
      compare["version"] = "0";
      break;
    case Precondition::Kind::absent:
      compare["target"] = "CREATE";
      compare["create_revision"] = "0";
      break;
    case Precondition::Kind::modified_at:
      compare["target"] = "MOD";
      compare["mod_revision"] = std::to_string(precondition.revision);
      break;
    case Precondition::Kind::created_at:
      compare["target"] = "CREATE";
      compare["create_revision"] = std::to_string(precondition.revision);
      break;
  }
  return compare;
}

json::object operation_of(const Layout& layout, const std::variant<Put, Delete>& operation) {
  if (const Put* put = std::get_if<Put>(&operation)) {
    json::object request{{"key", base64(layout.root + put->key)}, {"value", base64(put->value)}};
    if (put->lease != 0) request["lease"] = std::to_string(put->lease);
    return {{"request_put", std::move(request)}};
  }
  const std::string& key = std::get<Delete>(operation).key;
  return {{"request_delete_range", json::object{{"key", base64(layout.root + key)}}}};
}

// etcd writes "from this key to the end" as a range end of one zero byte.
std::string range_end(const std::string& prefix) {
  return prefix_end(prefix).value_or(std::string(1, '\0'));
}

}  // namespace

std::string Layout::epoch_key() const {
  std::string name = root;
  while (name.ends_with('/')) name.pop_back();
  return name + ".epoch";
}

std::uint64_t number(const json::object& message, std::string_view name) {
  const json::value* value = message.if_contains(name);
  if (value == nullptr) return 0;
  if (const std::int64_t* integer = value->if_int64()) return static_cast<std::uint64_t>(*integer);
  if (const std::uint64_t* integer = value->if_uint64()) return *integer;
  const json::string* text = value->if_string();
  if (text == nullptr) return 0;
  std::uint64_t result = 0;
  std::from_chars(text->data(), text->data() + text->size(), result);
  return result;
}

std::uint64_t header_revision(const json::object& answer) {
  const json::object* header = member(answer, "header");
  return header == nullptr ? 0 : number(*header, "revision");
}

std::string bytes(const json::object& message, std::string_view name) {
  const json::value* value = message.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return {};
  return from_base64(std::string_view(*text)).value_or(std::string());
}

json::object range_request(const Layout& layout, const std::string& prefix,
                           const std::optional<std::string>& after, std::uint64_t revision,
                           std::size_t limit) {
  const std::string full = layout.root + prefix;
  // The smallest key after K is K with a zero byte; an empty key means the same as one zero byte.
  std::string from = after ? layout.root + *after + std::string(1, '\0') : full;
  if (from.empty()) from = std::string(1, '\0');
  json::object request{{"key", base64(from)},
                       {"range_end", base64(range_end(full))},
                       {"limit", std::to_string(limit)}};
  if (revision != 0) request["revision"] = std::to_string(revision);
  return request;
}

json::object key_request(std::string_view full_key) {
  return {{"key", base64(full_key)}};
}

Entry entry_of(const Layout& layout, const json::object& key_value) {
  std::string key = bytes(key_value, "key");
  if (key.starts_with(layout.root)) key.erase(0, layout.root.size());
  return {std::move(key), bytes(key_value, "value"), number(key_value, "create_revision"),
          number(key_value, "mod_revision"), number(key_value, "lease")};
}

std::string transaction_body(const Layout& layout, const Transaction& transaction,
                             std::string_view epoch) {
  json::array compare;
  compare.push_back(json::object{{"key", base64(layout.epoch_key())},
                                 {"target", "VALUE"},
                                 {"result", "EQUAL"},
                                 {"value", base64(epoch)}});
  for (const Precondition& precondition : transaction.preconditions) {
    compare.push_back(compare_of(layout, precondition));
  }
  json::array success;
  for (const auto& operation : transaction.operations) {
    success.push_back(operation_of(layout, operation));
  }
  json::array failure{json::object{{"request_range", key_request(layout.epoch_key())}}};
  return json::serialize(json::object{{"compare", std::move(compare)},
                                      {"success", std::move(success)},
                                      {"failure", std::move(failure)}});
}

std::string read_body(const Layout& layout, json::object request) {
  json::array success{json::object{{"request_range", key_request(layout.epoch_key())}},
                      json::object{{"request_range", std::move(request)}}};
  return json::serialize(json::object{{"success", std::move(success)}});
}

std::string create_epoch_body(const Layout& layout, std::string_view epoch) {
  const std::string key = base64(layout.epoch_key());
  json::array compare{json::object{
      {"key", key}, {"target", "CREATE"}, {"result", "EQUAL"}, {"create_revision", "0"}}};
  json::array success{
      json::object{{"request_put", json::object{{"key", key}, {"value", base64(epoch)}}}}};
  return json::serialize(
      json::object{{"compare", std::move(compare)}, {"success", std::move(success)}});
}

std::string watch_body(const Layout& layout, const std::string& prefix, std::uint64_t start) {
  const std::string full = layout.root + prefix;
  json::object create{{"key", base64(full.empty() ? std::string(1, '\0') : full)},
                      {"range_end", base64(range_end(full))},
                      {"start_revision", std::to_string(start)}};
  return json::serialize(json::object{{"create_request", std::move(create)}});
}

std::vector<Batch> batches_of(const Layout& layout, const json::object& result,
                              std::uint64_t epoch) {
  std::vector<Batch> batches;
  const json::value* events = result.if_contains("events");
  if (events == nullptr || !events->is_array()) return batches;
  for (const json::value& event : events->get_array()) {
    if (!event.is_object()) continue;
    const json::object* key_value = member(event.get_object(), "kv");
    if (key_value == nullptr) continue;
    Entry entry = entry_of(layout, *key_value);
    if (batches.empty() || batches.back().revision.number != entry.modified) {
      batches.push_back({{epoch, entry.modified}, {}});
    }
    Change change{entry.key, std::nullopt, entry.modified};
    // PUT is the zero of its enumeration and so is left out.
    const bool deleted = text_member(event.get_object(), "type") == "DELETE";
    if (!deleted) change.entry = std::move(entry);
    batches.back().changes.push_back(std::move(change));
  }
  return batches;
}

Refusal refusal_of(unsigned status, std::string_view body) {
  Refusal refusal;
  boost::system::error_code failure;
  const json::value value = json::parse(body, failure);
  if (!failure && value.is_object()) {
    refusal.text = text_member(value.get_object(), "error").value_or("");
    refusal.code = static_cast<int>(number(value.get_object(), "code"));
  }
  if (refusal.text.empty()) refusal.text = "HTTP status " + std::to_string(status);
  refusal.elsewhere = std::any_of(certain.begin(), certain.end(), [&](std::string_view text) {
    return refusal.text.starts_with(text);
  });
  // Everything else that etcd calls unavailable (its own time-outs, a change of leader, the
  // gateway's lost connection) can strike after the change was made.
  refusal.unknown = !refusal.elsewhere && (refusal.code == code_unavailable || refusal.code == 0 ||
                                           refusal.code == 1 || refusal.code == 4);
  return refusal;
}

Error error_of(const Refusal& refusal) {
  const Error::Texts arguments{{"reason", refusal.text}};
  if (refusal.code == not_found && refusal.text.find("lease") != std::string::npos) {
    return Error::failed("store.lease-gone", "the lease of the change has ended", arguments);
  }
  if (refusal.code == exhausted && refusal.text.find("space exceeded") != std::string::npos) {
    return Error::failed("store.full", "cannot write to the store: etcd's space quota is used up",
                         arguments)
        .with_hint(
            "Nothing of this change was written. Compact and defragment etcd or raise its "
            "--quota-backend-bytes, then run 'etcdctl alarm disarm'.");
  }
  return Error::failed("store.failed", "the store refused: " + refusal.text, arguments);
}

}  // namespace posada::store::etcd
