#include "store/schema.h"

#include "base/text.h"

namespace posada::store {

namespace {

constexpr const char* schema_key = "schema";
constexpr std::uint64_t first_version = 1;

std::uint64_t version_of(const Entry& entry) {
  const std::optional<std::int64_t> version = to_integer(trim(entry.value));
  if (!version || *version < 1) {
    throw Error::failed("store.damaged", "key 'schema' of the store is no version number: '" +
                                             encode_text(entry.value) + "'");
  }
  return static_cast<std::uint64_t>(*version);
}

Error newer(std::uint64_t found, std::uint64_t known) {
  const std::string version = std::to_string(found);
  return Error::failed("store.newer",
                       "the store has schema version " + version +
                           ", this program knows versions up to " + std::to_string(known),
                       {{"version", version}, {"known", std::to_string(known)}})
      .with_hint("Upgrade this node to the version that the other nodes run.");
}

}  // namespace

const std::vector<SchemaStep>& schema_steps() {
  static const std::vector<SchemaStep> steps;
  return steps;
}

sys::Async<void> upgrade_schema(Mirror& mirror, const std::vector<SchemaStep>& steps) {
  const std::uint64_t newest = steps.empty() ? first_version : steps.back().to;
  // Several nodes may start at once; whoever loses looks again at what the winner left.
  while (true) {
    const Entry* entry = mirror.find(schema_key);
    const std::uint64_t version = entry == nullptr ? 0 : version_of(*entry);
    const std::uint64_t seen = entry == nullptr ? 0 : entry->modified;
    if (version > newest) throw newer(version, newest);
    if (version == newest) co_return;
    std::uint64_t next = newest;  // an empty store starts with the newest
    if (version != 0) {
      for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        if (step->to > version) next = step->to;
      }
      for (const SchemaStep& step : steps) {
        if (step.to == next) co_await step.run(mirror);
      }
    }
    Transaction transaction;
    transaction.require_modified(schema_key, seen).put(schema_key, std::to_string(next));
    co_await mirror.try_commit(std::move(transaction));
  }
}

}  // namespace posada::store
