#include "store/texts.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/failpoint.h"

namespace posada::store {

namespace {

constexpr std::string_view history_prefix = "history/";
constexpr std::string_view staged_prefix = "staging/import/";
constexpr std::string_view staged_marker = "staging/import-complete";
// Another writer may come between the look and the commit; more than this is no coincidence.
constexpr int attempts = 10;

Error missing(const std::string& key) {
  return Error::failed("text.missing", "text '" + key + "' does not exist", {{"key", key}});
}

// The sentence of a grammar's refusal, with the place where it can be mended.
Error malformed(const std::string& key, const Error& reason) {
  std::string sentence = reason.wire();
  if (!reason.parameters().empty()) sentence = reason.parameters().begin()->second;
  Error::Texts arguments{{"key", key}, {"reason", sentence}};
  std::string place = key;
  if (const auto line = reason.arguments().find("line"); line != reason.arguments().end()) {
    arguments["line"] = line->second;
    place += ":" + line->second;
  }
  return Error::failed("text.malformed", place + ": " + sentence, arguments);
}

std::string version_key(const std::string& key, std::uint64_t revision) {
  return fmt::format("{}{}/{:020}", history_prefix, key, revision);
}

std::string_view key_of(const std::variant<Put, Delete>& operation) {
  return std::visit([](const auto& one) -> std::string_view { return one.key; }, operation);
}

std::size_t size_of(const Transaction& transaction) {
  std::size_t size = 0;
  for (const Precondition& one : transaction.preconditions) size += one.key.size();
  for (const auto& operation : transaction.operations) {
    size += key_of(operation).size();
    if (const Put* put = std::get_if<Put>(&operation)) size += put->value.size();
  }
  return size;
}

// Adds `part` to `whole` when the result keeps the limits and touches no key twice.
bool merge(Transaction& whole, const Transaction& part) {
  if (whole.operations.size() + part.operations.size() > max_operations ||
      whole.preconditions.size() + part.preconditions.size() > max_operations ||
      size_of(whole) + size_of(part) > max_transaction_bytes) {
    return false;
  }
  std::set<std::string_view> keys;
  for (const auto& operation : whole.operations) keys.insert(key_of(operation));
  for (const auto& operation : part.operations) {
    if (!keys.insert(key_of(operation)).second) return false;
  }
  whole.operations.insert(whole.operations.end(), part.operations.begin(), part.operations.end());
  whole.preconditions.insert(whole.preconditions.end(), part.preconditions.begin(),
                             part.preconditions.end());
  return true;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view key) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == key;
  if (!key.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  // Every length that the star may take, up to the end of the segment.
  for (std::size_t end = star; end <= key.size(); ++end) {
    if (end > star && key[end - 1] == '/') return false;
    if (end > star && matches(rest, key.substr(end))) return true;
  }
  return false;
}

Texts::Texts(Mirror& mirror) : mirror_(mirror) {}
void Texts::add(Grammar grammar) {
  grammars_.push_back(std::move(grammar));
}
void Texts::add(View view) {
  views_.push_back(std::move(view));
}

const Texts::Grammar* Texts::grammar_of(std::string_view key) const {
  const auto found = std::find_if(grammars_.begin(), grammars_.end(),
                                  [key](const Grammar& one) { return matches(one.pattern, key); });
  return found == grammars_.end() ? nullptr : &*found;
}

const Texts::View* Texts::view_of(std::string_view key) const {
  const auto found =
      std::find_if(views_.begin(), views_.end(), [key](const View& one) { return one.key == key; });
  return found == views_.end() ? nullptr : &*found;
}

std::vector<std::string> Texts::keys(std::string_view prefix) const {
  std::vector<std::string> result;
  mirror_.each(prefix, [&](const Entry& entry) {
    if (view_of(entry.key) == nullptr && grammar_of(entry.key) != nullptr) {
      result.push_back(entry.key);
    }
  });
  for (const View& view : views_) {
    if (view.key.starts_with(prefix)) result.push_back(view.key);
  }
  std::sort(result.begin(), result.end());
  return result;
}

Texts::Text Texts::get(const std::string& key) const {
  std::string text;
  if (const View* view = view_of(key)) {
    text = view->text();
  } else {
    const Entry* entry = mirror_.find(key);
    const bool is_text = grammar_of(key) != nullptr || key.starts_with(history_prefix);
    if (entry == nullptr || !is_text) throw missing(key);
    text = entry->value;
  }
  std::string digest = sha1_hex(text);
  return {std::move(text), std::move(digest)};
}

std::vector<Texts::Version> Texts::versions(const std::string& key) const {
  std::vector<Version> result;
  const std::string prefix = std::string(history_prefix) + key + "/";
  mirror_.each(prefix, [&](const Entry& entry) {
    const std::string number = entry.key.substr(prefix.size());
    // Versions of a key below this one are not ours.
    if (number.find('/') != std::string::npos) return;
    result.push_back({entry.key, std::stoull(number)});
  });
  return result;
}

void Texts::check(const std::string& key, std::string_view text) const {
  const View* view = view_of(key);
  const Grammar* grammar = view == nullptr ? grammar_of(key) : nullptr;
  if (view == nullptr && grammar == nullptr) {
    throw Error::failed("text.unknown", "'" + key + "' is not the name of a configuration text",
                        {{"key", key}});
  }
  const Check& parse = view != nullptr ? view->check : grammar->check;
  try {
    parse(key, text);
  } catch (const Error& reason) {
    throw malformed(key, reason);
  }
  if (view == nullptr && text.size() > max_value_bytes) {
    throw malformed(key, Error::failed("text.large",
                                       fmt::format("the text has {} bytes, at most {} are possible",
                                                   text.size(), max_value_bytes)));
  }
}

void Texts::expect_digest(const std::string& key, const std::string& digest) const {
  if (digest.empty()) return;
  const bool is_there = view_of(key) != nullptr || mirror_.find(key) != nullptr;
  if (digest == (is_there ? get(key).digest : sha1_hex(""))) return;
  throw Error::failed("text.changed",
                      "detected modified configuration - file changed by other user? Try again.",
                      {{"key", key}});
}

void Texts::keep_version(const Entry& old, Transaction& transaction) const {
  transaction.put(version_key(old.key, old.modified), old.value);
  const std::vector<Version> kept = versions(old.key);
  for (std::size_t i = 0; i + kept_versions <= kept.size(); ++i) transaction.erase(kept[i].key);
}

// Puts or erases one text as it stands now, with what belongs to it.
Transaction Texts::replacing(const std::string& key, const std::optional<std::string>& text) const {
  Transaction transaction;
  const Entry* old = mirror_.find(key);
  transaction.require_modified(key, old == nullptr ? 0 : old->modified);
  if (text) {
    transaction.put(key, *text);
  } else {
    transaction.erase(key);
  }
  if (old != nullptr) keep_version(*old, transaction);
  const Grammar* grammar = grammar_of(key);
  if (grammar != nullptr && grammar->accompany) grammar->accompany(key, text, transaction);
  return transaction;
}

sys::Async<void> Texts::write(std::string key, std::optional<std::string> text,
                              std::string digest) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    expect_digest(key, digest);
    const Entry* old = mirror_.find(key);
    if (!text && old == nullptr) throw missing(key);
    if (text && old != nullptr && old->value == *text) co_return;
    if (co_await mirror_.try_commit(replacing(key, text))) co_return;
  }
  throw Error::failed("text.changed", "'" + key + "' is changed by others all the time; try again",
                      {{"key", key}});
}

sys::Async<void> Texts::put(std::string key, std::string text, std::string digest) {
  check(key, text);
  if (const View* view = view_of(key)) {
    expect_digest(key, digest);
    co_await view->put(std::move(text));
    co_return;
  }
  co_await write(std::move(key), std::move(text), std::move(digest));
}

sys::Async<void> Texts::remove(std::string key, std::string digest) {
  if (view_of(key) != nullptr) {
    throw Error::failed("text.unknown", "'" + key + "' is made of records and cannot be removed",
                        {{"key", key}});
  }
  const Grammar* grammar = grammar_of(key);
  if (grammar == nullptr || mirror_.find(key) == nullptr) throw missing(key);
  expect_digest(key, digest);
  if (grammar->forget) co_await grammar->forget(key);
  co_await write(std::move(key), std::nullopt, std::move(digest));
}

std::map<std::string, std::string> Texts::all() const {
  std::map<std::string, std::string> result;
  for (const std::string& key : keys()) result[key] = get(key).text;
  return result;
}

sys::Async<void> Texts::import_all(std::map<std::string, std::string> texts) {
  for (const auto& [key, text] : texts) check(key, text);
  co_await forget_staged();
  Transaction batch;
  for (const auto& [key, text] : texts) {
    // A long text of a view fits into no value; it is put last, and again by whoever imports again.
    if (text.size() > max_value_bytes) continue;
    Transaction one;
    one.put(std::string(staged_prefix) + key, text);
    if (merge(batch, one)) continue;
    co_await mirror_.commit(std::exchange(batch, std::move(one)));
    failpoint("config.import.staging");
  }
  batch.require_absent(std::string(staged_marker));
  Transaction marker;
  marker.put(std::string(staged_marker), "");
  if (!merge(batch, marker)) {
    co_await mirror_.commit(std::move(batch));
    batch = std::move(marker);
  }
  co_await mirror_.commit(std::move(batch));
  failpoint("config.import.staged");
  co_await apply_staged();
  for (auto& [key, text] : texts) {
    if (text.size() > max_value_bytes) co_await view_of(key)->put(std::move(text));
  }
}

sys::Async<void> Texts::finish_import() {
  if (mirror_.find(staged_marker) != nullptr) {
    co_await apply_staged();
  } else {
    co_await forget_staged();
  }
}

// As many staged texts as fit into one transaction, put where they belong; views not.
Transaction Texts::next_import_step() const {
  Transaction batch;
  for (const Entry& staged : mirror_.list(staged_prefix)) {
    const std::string key = staged.key.substr(staged_prefix.size());
    if (view_of(key) != nullptr) continue;
    const Entry* present = mirror_.find(key);
    Transaction one;
    if (present == nullptr || present->value != staged.value) one = replacing(key, staged.value);
    one.erase(staged.key);
    if (!merge(batch, one)) {
      if (batch.operations.empty()) batch = std::move(one);
      break;
    }
  }
  return batch;
}

sys::Async<void> Texts::apply_staged() {
  int lost = 0;
  while (true) {
    Transaction step = next_import_step();
    if (step.operations.empty()) break;
    if (co_await mirror_.try_commit(std::move(step))) {
      lost = 0;
      failpoint("config.import.step");
    } else if (++lost == attempts) {
      throw Error::failed("text.changed",
                          "the import meets changes by others all the time; import again");
    }
  }
  for (const Entry& staged : mirror_.list(staged_prefix)) {
    const std::string key = staged.key.substr(staged_prefix.size());
    if (const View* view = view_of(key)) co_await view->put(staged.value);
    Transaction done;
    done.erase(staged.key);
    co_await mirror_.commit(std::move(done));
  }
  Transaction end;
  end.erase(std::string(staged_marker));
  co_await mirror_.commit(std::move(end));
}

sys::Async<void> Texts::forget_staged() {
  while (true) {
    Transaction batch;
    if (mirror_.find(staged_marker) != nullptr) batch.erase(std::string(staged_marker));
    for (const Entry& entry : mirror_.list(staged_prefix)) {
      if (batch.operations.size() == max_operations) break;
      batch.erase(entry.key);
    }
    if (batch.operations.empty()) co_return;
    co_await mirror_.commit(std::move(batch));
  }
}

}  // namespace posada::store
