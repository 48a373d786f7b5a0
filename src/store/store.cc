#include "store/store.h"

#include <set>

#include "base/text.h"

namespace posada::store {

namespace {

Error invalid(const std::string& reason) {
  return Error::failed("store.transaction-invalid", "store transaction is invalid: " + reason,
                       {{"reason", reason}});
}

// Keys become files when they are exported, so what could leave a folder is no key.
void check_key(const std::string& key) {
  if (key.empty()) throw invalid("a key is empty");
  if (key.size() > max_key_bytes) {
    throw invalid("a key has " + std::to_string(key.size()) + " bytes, at most " +
                  std::to_string(max_key_bytes) + " are possible");
  }
  for (const char byte : key) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7f) {
      throw invalid("key '" + encode_text(key) + "' holds a control byte");
    }
  }
  for (const std::string& segment : split(key, '/')) {
    if (segment.empty() || segment == "." || segment == "..") {
      throw invalid("key '" + key + "' is not a path of non-empty names without '.' and '..'");
    }
  }
}

}  // namespace

Transaction& Transaction::require_absent(std::string key) {
  preconditions.push_back({std::move(key), Precondition::Kind::absent, 0});
  return *this;
}

Transaction& Transaction::require_exists(std::string key) {
  preconditions.push_back({std::move(key), Precondition::Kind::exists, 0});
  return *this;
}

Transaction& Transaction::require_modified(std::string key, std::uint64_t revision) {
  preconditions.push_back({std::move(key), Precondition::Kind::modified_at, revision});
  return *this;
}

Transaction& Transaction::require_created(std::string key, std::uint64_t revision) {
  preconditions.push_back({std::move(key), Precondition::Kind::created_at, revision});
  return *this;
}

Transaction& Transaction::put(std::string key, std::string value, std::uint64_t lease) {
  operations.emplace_back(Put{std::move(key), std::move(value), lease});
  return *this;
}

Transaction& Transaction::erase(std::string key) {
  operations.emplace_back(Delete{std::move(key)});
  return *this;
}

void check(const Transaction& transaction) {
  const auto check_count = [](std::size_t count, std::size_t limit, const char* what) {
    if (count > limit) {
      throw invalid(std::to_string(count) + " " + what + ", at most " + std::to_string(limit) +
                    " are possible");
    }
  };
  check_count(transaction.operations.size(), max_operations, "operations");
  check_count(transaction.preconditions.size(), max_operations, "preconditions");
  std::size_t size = 0;
  for (const Precondition& precondition : transaction.preconditions) {
    check_key(precondition.key);
    size += precondition.key.size();
  }
  std::set<std::string_view> keys;
  for (const auto& operation : transaction.operations) {
    const std::string& key =
        std::visit([](const auto& one) -> const std::string& { return one.key; }, operation);
    check_key(key);
    size += key.size();
    if (!keys.insert(key).second) throw invalid("key '" + key + "' stands twice");
    const Put* put = std::get_if<Put>(&operation);
    if (put == nullptr) continue;
    size += put->value.size();
    if (put->value.size() > max_value_bytes) {
      throw invalid("the value of '" + key + "' has " + std::to_string(put->value.size()) +
                    " bytes, at most " + std::to_string(max_value_bytes) + " are possible");
    }
  }
  check_count(size, max_transaction_bytes, "bytes altogether");
}

bool holds(const Precondition& precondition, const Entry* entry) {
  switch (precondition.kind) {
    case Precondition::Kind::exists:
      return entry != nullptr;
    case Precondition::Kind::absent:
      return entry == nullptr;
    case Precondition::Kind::modified_at:
      return (entry == nullptr ? 0 : entry->modified) == precondition.revision;
    case Precondition::Kind::created_at:
      return (entry == nullptr ? 0 : entry->created) == precondition.revision;
  }
  return false;
}

std::optional<std::string> prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace posada::store
