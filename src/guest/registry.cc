#include "guest/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/failpoint.h"
#include "base/json.h"
#include "base/text.h"
#include "host/options.h"
#include "sys/file.h"

namespace posada::guest {
namespace {

constexpr std::string_view claim_prefix = "guest/";

std::string claim_key(GuestId id) { return std::string(claim_prefix) + id.text(); }

std::optional<Record> parse_claim(const store::Entry& entry) {
  const std::optional<std::int64_t> id =
      to_integer(std::string_view(entry.key).substr(claim_prefix.size()));
  boost::system::error_code error;
  const json::value value = json::parse(entry.value, error);
  if (!id || error || !value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  Record record;
  record.id = GuestId{static_cast<std::uint32_t>(*id)};
  record.kind = text_member(object, "kind").value_or("") == "lxc" ? GuestKind::container
                                                                  : GuestKind::vm;
  record.node = text_member(object, "node").value_or("");
  record.uuid = text_member(object, "uuid").value_or("");
  record.generation = entry.created;
  return record;
}

// The numbers that new guests get: `next-id` of the data center's settings, without `upper`.
struct IdRange {
  std::uint32_t lower = 100, upper = 1'000'000;
};

IdRange id_range(const store::Mirror& mirror) {
  IdRange range;
  const store::Entry* entry = mirror.find("datacenter.cfg");
  if (entry == nullptr) return range;
  const auto values = host::parse_options(entry->value).values;
  const auto setting = values.find("next-id");
  if (setting == values.end()) return range;
  const json::value parts = host::property_object("next-id", setting->second);
  if (!parts.is_object()) return range;
  const auto number = [&](std::string_view key, std::uint32_t otherwise) {
    const std::int64_t value = integer_member(parts.get_object(), key).value_or(otherwise);
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 100, 1'000'000'000));
  };
  return {number("lower", range.lower), number("upper", range.upper)};
}

std::string claim_text(const Record& record) {
  return json::serialize(json::object{
      {"uuid", record.uuid}, {"kind", path_name(record.kind)}, {"node", record.node}});
}

ConfigText config_of(const store::Entry* entry) {
  if (!entry) return {};
  return {entry->value, sha1_hex(entry->value), entry->modified};
}

void append(store::Transaction& transaction, store::Transaction extra) {
  for (auto& precondition : extra.preconditions) {
    transaction.preconditions.push_back(std::move(precondition));
  }
  for (auto& operation : extra.operations) transaction.operations.push_back(std::move(operation));
}

}  // namespace

struct Registry::State {
  State(store::Mirror& mirror, std::string node, sys::Executor executor)
      : mirror(mirror), node(std::move(node)), executor(executor) {}
  store::Mirror& mirror;
  std::string node;
  sys::Executor executor;
  std::function<sys::Async<void>(GuestId)> removing;
  // One writer at a time for each guest, so that edits wait for each other instead of retrying.
  std::map<GuestId, std::shared_ptr<sys::AsyncMutex>> writers;

  std::shared_ptr<sys::AsyncMutex> writer(GuestId id) {
    std::shared_ptr<sys::AsyncMutex>& mutex = writers[id];
    if (!mutex) mutex = std::make_shared<sys::AsyncMutex>(executor);
    return mutex;
  }
};

Registry::Registry(store::Mirror& mirror, std::string node, sys::Executor executor)
    : state_(std::make_shared<State>(mirror, std::move(node), std::move(executor))) {}
Registry::~Registry() = default;

const std::string& Registry::node() const { return state_->node; }

std::optional<Record> Registry::find(GuestId id) const {
  const store::Entry* entry = state_->mirror.find(claim_key(id));
  return entry ? parse_claim(*entry) : std::nullopt;
}

Record Registry::require(GuestId id, GuestKind kind) const {
  const std::optional<Record> record = find(id);
  if (record && record->kind == kind && record->node == state_->node) return *record;
  Record wanted;
  wanted.id = id;
  wanted.kind = kind;
  wanted.node = state_->node;
  throw Error::failed("guest.not-found",
                      "Configuration file '" + config_key(wanted) + "' does not exist",
                      {{"id", id.text()}});
}

std::vector<Record> Registry::list() const {
  std::map<GuestId, Record> sorted;
  state_->mirror.each(claim_prefix, [&sorted](const store::Entry& entry) {
    if (std::optional<Record> record = parse_claim(entry)) sorted[record->id] = std::move(*record);
  });
  std::vector<Record> records;
  records.reserve(sorted.size());
  for (auto& [id, record] : sorted) records.push_back(std::move(record));
  return records;
}

GuestId Registry::next_free() const {
  const IdRange range = id_range(state_->mirror);
  std::uint32_t candidate = range.lower;
  for (const Record& record : list()) {
    if (record.id.number > candidate) break;
    if (record.id.number == candidate) ++candidate;
  }
  if (candidate >= range.upper) {
    throw Error::failed("guest.no-free-id",
                        fmt::format("unable to get any free VMID in range [{}, {}]", range.lower,
                                    range.upper));
  }
  return GuestId{candidate};
}

ConfigText Registry::config(const Record& record) const {
  return config_of(state_->mirror.find(config_key(record)));
}

std::string Registry::config_key(const Record& record) {
  const char* folder = record.kind == GuestKind::vm ? "/qemu-server/" : "/lxc/";
  return "nodes/" + record.node + folder + record.id.text() + ".conf";
}

sys::Async<Record> Registry::create(GuestId id, GuestKind kind, std::string text,
                                    store::Transaction extra) {
  const std::shared_ptr<State> state = state_;
  const std::string noun = kind == GuestKind::vm ? "VM " : "CT ";
  Record record;
  record.id = id;
  record.kind = kind;
  record.node = state->node;
  record.uuid = sys::random_uuid();
  store::Transaction transaction;
  transaction.require_absent(claim_key(id));
  transaction.put(claim_key(id), claim_text(record));
  transaction.put(config_key(record), std::move(text));
  append(transaction, std::move(extra));
  if (!co_await state->mirror.try_commit(std::move(transaction))) {
    const std::optional<Record> existing = find(id);
    const std::string other = existing && existing->kind == GuestKind::container ? "CT " : "VM ";
    throw Error::failed("guest.exists",
                        "unable to create " + noun + id.text() + " - " + other + id.text() +
                            " already exists on node '" +
                            (existing ? existing->node : state->node) + "'",
                        {{"id", id.text()}});
  }
  co_return *find(id);
}

void Registry::on_remove(std::function<sys::Async<void>(GuestId)> hook) {
  state_->removing = std::move(hook);
}

sys::Async<void> Registry::remove(Record record, store::Transaction extra) {
  const std::shared_ptr<State> state = state_;
  const std::shared_ptr<sys::AsyncMutex> writer = state->writer(record.id);
  {
    const sys::AsyncMutex::Guard guard = co_await writer->lock();
    if (state->mirror.find(claim_key(record.id))) {
      store::Transaction transaction;
      transaction.require_created(claim_key(record.id), record.generation);
      transaction.erase(claim_key(record.id));
      transaction.erase(config_key(record));
      append(transaction, std::move(extra));
      co_await state->mirror.commit(std::move(transaction));
      failpoint("guest.remove.committed");
    }
    if (state->removing) co_await state->removing(record.id);
  }
  if (writer.use_count() == 2) state->writers.erase(record.id);
}

sys::Async<ConfigText> Registry::edit(Record record, std::string digest, Change change,
                                      store::Transaction extra) {
  const std::shared_ptr<State> state = state_;
  const std::string key = config_key(record);
  const std::shared_ptr<sys::AsyncMutex> writer = state->writer(record.id);
  const sys::AsyncMutex::Guard guard = co_await writer->lock();
  for (;;) {
    const store::Entry* entry = state->mirror.find(key);
    if (!entry) {
      throw Error::failed("guest.not-found", "Configuration file '" + key + "' does not exist",
                          {{"id", record.id.text()}});
    }
    const ConfigText before = config_of(entry);
    if (!digest.empty() && digest != before.digest) {
      throw Error::failed("guest.digest", "checksum mismatch (file change by other user?)")
          .with_hint("Somebody else has changed this guest. Load it again and repeat your change.");
    }
    std::string text = change(before.text);
    if (text == before.text && extra.operations.empty()) co_return before;
    store::Transaction transaction;
    transaction.require_modified(key, before.revision);
    transaction.put(key, std::move(text));
    append(transaction, extra);
    if (co_await state->mirror.try_commit(std::move(transaction))) {
      co_return config_of(state->mirror.find(key));
    }
    // Another process wrote between (`posada config put`): apply the edit to its text.
  }
}

void Registry::accompany_text(GuestId id, GuestKind kind, const std::string& node, bool present,
                              store::Transaction& transaction) const {
  const std::optional<Record> known = find(id);
  if (!present) {
    if (known) transaction.erase(claim_key(id));
    return;
  }
  if (known && (known->kind != kind || known->node != node)) {
    throw Error::failed("guest.exists", "the number " + id.text() + " belongs to a guest of kind '" +
                                            std::string(path_name(known->kind)) + "' on node '" +
                                            known->node + "'");
  }
  if (known) {
    transaction.require_exists(claim_key(id));
    return;
  }
  Record record;
  record.id = id;
  record.kind = kind;
  record.node = node;
  record.uuid = sys::random_uuid();
  transaction.require_absent(claim_key(id));
  transaction.put(claim_key(id), claim_text(record));
}

std::shared_ptr<void> Registry::subscribe(Listener listener) {
  return state_->mirror.subscribe(
      "nodes/", [this, listener = std::move(listener)](const store::Change& change) {
        const std::vector<std::string> parts = split(change.key, '/');
        const bool vm = parts.size() == 4 && parts[2] == "qemu-server";
        const bool container = parts.size() == 4 && parts[2] == "lxc";
        if ((!vm && !container) || !parts[3].ends_with(".conf")) return;
        const std::optional<std::int64_t> id =
            to_integer(std::string_view(parts[3]).substr(0, parts[3].size() - 5));
        if (!id) return;
        Record record;
        record.id = GuestId{static_cast<std::uint32_t>(*id)};
        record.kind = vm ? GuestKind::vm : GuestKind::container;
        record.node = parts[1];
        if (const std::optional<Record> known = find(record.id)) record = *known;
        listener(record, change.entry ? config_of(&*change.entry) : ConfigText{});
      });
}

}  // namespace posada::guest
