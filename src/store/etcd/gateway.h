// The messages of etcd's v3 JSON gateway, as pure functions: bytes travel in base64, 64-bit
// integers as decimal strings, and fields that are zero or false are left out.
// Checked against etcd 3.4.23 (Debian 12).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "store/store.h"

namespace posada::store::etcd {

// Where our keys live in the cluster. The epoch key stands beside the root, not below it.
struct Layout {
  std::string root;  // "posada/"
  std::string epoch_key() const;
};

// An integer of a message; 0 when it was left out.
std::uint64_t number(const json::object& message, std::string_view name);
std::uint64_t header_revision(const json::object& answer);
std::string bytes(const json::object& message, std::string_view name);

// Of a range over our keys that start with `prefix`, from after the key `after` on.
json::object range_request(const Layout& layout, const std::string& prefix,
                           const std::optional<std::string>& after, std::uint64_t revision,
                           std::size_t limit);
json::object key_request(std::string_view full_key);
Entry entry_of(const Layout& layout, const json::object& key_value);

// The transaction, guarded by the epoch. When it does not apply, the answer tells the epoch.
std::string transaction_body(const Layout& layout, const Transaction& transaction,
                             std::string_view epoch);
// Reads in one moment: first the epoch key, then `request`.
std::string read_body(const Layout& layout, json::object request);
std::string create_epoch_body(const Layout& layout, std::string_view epoch);
std::string watch_body(const Layout& layout, const std::string& prefix, std::uint64_t start);

// The events of one message of a watch, a batch for each revision.
std::vector<Batch> batches_of(const Layout& layout, const json::object& result,
                              std::uint64_t epoch);

// What an answer with an error status means.
struct Refusal {
  std::string text;        // etcd's own
  int code = 0;            // gRPC status
  bool elsewhere = false;  // nothing was done, and another member may do it
  bool unknown = false;    // it may have been done all the same
};
Refusal refusal_of(unsigned status, std::string_view body);
Error error_of(const Refusal& refusal);

}  // namespace posada::store::etcd
