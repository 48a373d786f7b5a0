#include "store/etcd/etcd_store.h"

#include <algorithm>
#include <cstring>

#include "store/etcd/etcd_watch.h"
#include "sys/file.h"

namespace posada::store {

using etcd::Answer;
using etcd::Cluster;
using etcd::Effect;
using etcd::Layout;

struct EtcdStore::State {
  State(sys::Executor loop, sys::Clock& clock, const Options& given)
      : executor(loop),
        options(given),
        layout{given.root},
        cluster(loop, clock, given.endpoints, given.deadline) {}

  sys::Executor executor;
  Options options;
  Layout layout;
  Cluster cluster;
  std::uint64_t epoch = 0;  // 0: not yet known
};

namespace {

constexpr std::size_t page = 500;
constexpr int out_of_range = 11;  // gRPC: a compacted or a future revision

std::uint64_t to_epoch(const std::string& text) {
  const json::object message{{"epoch", text}};
  return etcd::number(message, "epoch");
}

std::string random_epoch() {
  std::uint64_t number = 0;
  std::memcpy(&number, sys::random_bytes(sizeof number).data(), sizeof number);
  return std::to_string(std::max<std::uint64_t>(number >> 1, 1));
}

// The range that the transaction's operation `index` answered with; empty when there is none.
json::object range_of(const json::object& answer, std::size_t index) {
  const json::value* responses = answer.if_contains("responses");
  if (responses == nullptr || !responses->is_array()) return {};
  const json::array& array = responses->get_array();
  if (index >= array.size() || !array[index].is_object()) return {};
  const json::value* range = array[index].get_object().if_contains("response_range");
  return range != nullptr && range->is_object() ? range->get_object() : json::object();
}

std::vector<json::object> key_values(const json::object& range) {
  std::vector<json::object> result;
  const json::value* values = range.if_contains("kvs");
  if (values == nullptr || !values->is_array()) return result;
  for (const json::value& value : values->get_array()) {
    if (value.is_object()) result.push_back(value.get_object());
  }
  return result;
}

bool flag(const json::object& message, std::string_view name) {
  const json::value* value = message.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// The epoch in an answer that read the epoch key first; 0 when the cluster has none yet.
std::uint64_t epoch_in(const json::object& answer) {
  const std::vector<json::object> values = key_values(range_of(answer, 0));
  return values.empty() ? 0 : to_epoch(etcd::bytes(values.front(), "value"));
}

}  // namespace

// The contract's calls; each keeps the state alive on its own.
struct EtcdCalls {
  using Shared = std::shared_ptr<EtcdStore::State>;

  // Reads `request` and the epoch in one moment; makes the epoch in a new cluster.
  static sys::Async<Answer> read(Shared state, json::object request) {
    while (true) {
      Answer answer = co_await state->cluster.call(
          "/v3/kv/txn", etcd::read_body(state->layout, request), Effect::repeatable);
      if (!answer.message) co_return answer;
      const std::uint64_t epoch = epoch_in(*answer.message);
      if (epoch != 0) {
        state->epoch = epoch;
        co_return answer;
      }
      // Two clients may try at once: the first one wins and both read it.
      (co_await state->cluster.call("/v3/kv/txn",
                                    etcd::create_epoch_body(state->layout, random_epoch()),
                                    Effect::repeatable))
          .value();
    }
  }

  static void append(const Shared& state, const json::object& range, Snapshot& snapshot) {
    for (const json::object& value : key_values(range)) {
      snapshot.entries.push_back(etcd::entry_of(state->layout, value));
    }
  }

  // Nothing when the revision was compacted between two pages.
  static sys::Async<std::optional<Snapshot>> list_once(Shared state, std::string prefix) {
    const Answer first =
        co_await read(state, etcd::range_request(state->layout, prefix, std::nullopt, 0, page));
    Snapshot snapshot{{state->epoch, etcd::header_revision(first.value())}, {}};
    json::object range = range_of(first.value(), 1);
    append(state, range, snapshot);
    while (flag(range, "more") && !snapshot.entries.empty()) {
      const json::object request = etcd::range_request(
          state->layout, prefix, snapshot.entries.back().key, snapshot.revision.number, page);
      const Answer next = co_await state->cluster.call("/v3/kv/range", json::serialize(request),
                                                       Effect::repeatable);
      if (!next.message && next.refusal.code == out_of_range) co_return std::nullopt;
      range = next.value();
      append(state, range, snapshot);
    }
    co_return snapshot;
  }

  static sys::Async<Snapshot> list(Shared state, std::string prefix) {
    for (int attempt = 0; attempt < 5; ++attempt) {
      std::optional<Snapshot> snapshot = co_await list_once(state, prefix);
      if (snapshot) co_return std::move(*snapshot);
    }
    throw Error::failed("store.failed", "the store is compacted faster than it can be listed");
  }

  static sys::Async<std::optional<Entry>> get(Shared state, std::string key) {
    const json::object request = etcd::key_request(state->layout.root + key);
    const Answer answer =
        co_await state->cluster.call("/v3/kv/range", json::serialize(request), Effect::repeatable);
    const std::vector<json::object> values = key_values(answer.value());
    if (values.empty()) co_return std::nullopt;
    co_return etcd::entry_of(state->layout, values.front());
  }

  static sys::Async<Committed> commit(Shared state, Transaction transaction) {
    check(transaction);
    if (state->epoch == 0) {
      co_await read(state, etcd::key_request(state->layout.epoch_key()));
    }
    const std::uint64_t epoch = state->epoch;
    const Answer answer = co_await state->cluster.call(
        "/v3/kv/txn", etcd::transaction_body(state->layout, transaction, std::to_string(epoch)),
        Effect::once);
    const json::object& message = answer.value();
    const Committed committed{flag(message, "succeeded"), {epoch, etcd::header_revision(message)}};
    if (!committed.applied && epoch_in(message) != epoch) {
      state->epoch = 0;
      throw Error::failed("store.replaced",
                          "the store was replaced by another one; nothing was changed")
          .with_hint("Restart the daemon to work with the new store.");
    }
    co_return committed;
  }

  static sys::Async<std::unique_ptr<Watch>> watch(Shared state, std::string prefix, Revision from) {
    // etcd itself would wait silently for a revision of the future.
    json::object request = etcd::range_request(state->layout, prefix, std::nullopt, from.number, 1);
    request["count_only"] = true;
    const Answer known = co_await read(state, request);
    const bool lost = !known.message && known.refusal.code == out_of_range;
    if (!lost && !known.message) throw etcd::error_of(known.refusal);
    if (lost || state->epoch != from.epoch) {
      co_return std::make_unique<etcd::EndedWatch>(state->executor);
    }
    Cluster::Opened opened = co_await state->cluster.open(
        "/v3/watch", etcd::watch_body(state->layout, prefix, from.number + 1));
    etcd::EtcdWatch::Source source{state->layout,
                                   from.epoch,
                                   std::move(opened),
                                   state->options.check_every,
                                   {state->options.deadline, state->options.deadline}};
    co_return std::make_unique<etcd::EtcdWatch>(state->executor, std::move(source));
  }

  static sys::Async<std::uint64_t> grant(Shared state, std::chrono::seconds time_to_live) {
    const json::object request{{"TTL", std::to_string(time_to_live.count())}};
    const Answer answer = co_await state->cluster.call("/v3/lease/grant", json::serialize(request),
                                                       Effect::repeatable);
    co_return etcd::number(answer.value(), "ID");
  }

  static std::string lease_body(std::uint64_t lease) {
    return json::serialize(json::object{{"ID", std::to_string(lease)}});
  }

  static sys::Async<bool> renew(Shared state, std::uint64_t lease) {
    const Answer answer =
        co_await state->cluster.call("/v3/lease/keepalive", lease_body(lease), Effect::repeatable);
    const json::value* result = answer.value().if_contains("result");
    // An ended lease is answered with status 200 and no TTL.
    co_return result != nullptr && result->is_object() &&
        etcd::number(result->get_object(), "TTL") != 0;
  }

  static sys::Async<void> revoke(Shared state, std::uint64_t lease) {
    const Answer answer =
        co_await state->cluster.call("/v3/lease/revoke", lease_body(lease), Effect::repeatable);
    constexpr int not_found = 5;
    if (!answer.message && answer.refusal.code != not_found) throw etcd::error_of(answer.refusal);
  }

  static sys::Async<void> compact(Shared state, std::uint64_t revision) {
    const json::object request{{"revision", std::to_string(revision)}};
    const Answer answer = co_await state->cluster.call(
        "/v3/kv/compaction", json::serialize(request), Effect::repeatable);
    const bool already = !answer.message && answer.refusal.code == out_of_range &&
                         answer.refusal.text.find("has been compacted") != std::string::npos;
    if (!answer.message && !already) throw etcd::error_of(answer.refusal);
  }
};

EtcdStore::EtcdStore(sys::Executor executor, sys::Clock& clock, Options options)
    : state_(std::make_shared<State>(std::move(executor), clock, options)) {}
EtcdStore::~EtcdStore() = default;

sys::Async<Snapshot> EtcdStore::list(std::string prefix) {
  return EtcdCalls::list(state_, std::move(prefix));
}
sys::Async<std::optional<Entry>> EtcdStore::get(std::string key) {
  return EtcdCalls::get(state_, std::move(key));
}
sys::Async<Committed> EtcdStore::commit(Transaction transaction) {
  return EtcdCalls::commit(state_, std::move(transaction));
}
sys::Async<std::unique_ptr<Watch>> EtcdStore::watch(std::string prefix, Revision from) {
  return EtcdCalls::watch(state_, std::move(prefix), from);
}
sys::Async<std::uint64_t> EtcdStore::grant_lease(std::chrono::seconds time_to_live) {
  return EtcdCalls::grant(state_, time_to_live);
}
sys::Async<bool> EtcdStore::renew_lease(std::uint64_t lease) {
  return EtcdCalls::renew(state_, lease);
}
sys::Async<void> EtcdStore::revoke_lease(std::uint64_t lease) {
  return EtcdCalls::revoke(state_, lease);
}
sys::Async<void> EtcdStore::compact(std::uint64_t revision) {
  return EtcdCalls::compact(state_, revision);
}

}  // namespace posada::store
