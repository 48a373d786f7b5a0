// The messages of etcd's gateway: what it leaves out, and what its refusals mean.
#include "store/etcd/gateway.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace posada::store::etcd {

namespace {

const Layout layout{"posada/"};

json::object object(std::string_view text) {
  return json::parse(text).as_object();
}

}  // namespace

TEST(EtcdGateway, integers_are_decimal_strings_and_zeros_are_left_out) {
  const json::object message = object(R"({"a":"18446744073709551615","b":7,"c":"x","d":null})");
  EXPECT_EQ(number(message, "a"), 18446744073709551615U);
  EXPECT_EQ(number(message, "b"), 7U);
  EXPECT_EQ(number(message, "c"), 0U);
  EXPECT_EQ(number(message, "d"), 0U);
  EXPECT_EQ(number(message, "missing"), 0U);
  EXPECT_EQ(header_revision(object(R"({"header":{"revision":"42"}})")), 42U);
  EXPECT_EQ(header_revision(object("{}")), 0U);
}

TEST(EtcdGateway, an_entry_with_an_empty_value_has_no_value_member) {
  const json::object message{{"key", base64("posada/a/b")},
                             {"create_revision", "3"},
                             {"mod_revision", "5"},
                             {"version", "2"}};
  const Entry entry = entry_of(layout, message);
  EXPECT_EQ(entry.key, "a/b");
  EXPECT_EQ(entry.value, "");
  EXPECT_EQ(entry.created, 3U);
  EXPECT_EQ(entry.modified, 5U);
  EXPECT_EQ(entry.lease, 0U);
}

TEST(EtcdGateway, events_are_grouped_by_revision) {
  const auto event = [](const std::string& key, const std::string& revision, bool deleted) {
    json::object result{
        {"kv", json::object{{"key", base64("posada/" + key)}, {"mod_revision", revision}}}};
    if (deleted) result["type"] = "DELETE";
    return result;
  };
  const json::object result{{"events", json::array{event("a", "7", false), event("b", "7", true),
                                                   event("a", "8", true), json::value("odd")}}};
  const std::vector<Batch> batches = batches_of(layout, result, 99);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].revision, (Revision{99, 7}));
  ASSERT_EQ(batches[0].changes.size(), 2U);
  EXPECT_TRUE(batches[0].changes[0].entry.has_value());
  EXPECT_EQ(batches[0].changes[1].key, "b");
  EXPECT_FALSE(batches[0].changes[1].entry.has_value());
  EXPECT_EQ(batches[1].revision, (Revision{99, 8}));
  EXPECT_TRUE(batches_of(layout, object("{\"created\":true}"), 99).empty());
}

TEST(EtcdGateway, the_epoch_key_is_not_below_the_root) {
  EXPECT_EQ(layout.epoch_key(), "posada.epoch");
  EXPECT_FALSE(layout.epoch_key().starts_with(layout.root));
}

TEST(EtcdGateway, a_range_covers_the_prefix_and_nothing_else) {
  const json::object all = range_request(layout, "a/", std::nullopt, 0, 10);
  EXPECT_EQ(bytes(all, "key"), "posada/a/");
  EXPECT_EQ(bytes(all, "range_end"), "posada/a0");
  EXPECT_EQ(all.if_contains("revision"), nullptr);
  const json::object rest = range_request(layout, "a/", "a/x", 5, 10);
  EXPECT_EQ(bytes(rest, "key"), std::string("posada/a/x\0", 11));
  EXPECT_EQ(number(rest, "revision"), 5U);
  const json::object whole = range_request(Layout{""}, "", std::nullopt, 0, 10);
  EXPECT_EQ(bytes(whole, "key"), std::string(1, '\0'));
  EXPECT_EQ(bytes(whole, "range_end"), std::string(1, '\0'));
}

TEST(EtcdGateway, a_refusal_tells_whether_something_may_have_been_done) {
  const auto refusal = [](const std::string& text, int code) {
    return refusal_of(503, json::serialize(json::object{{"error", text}, {"code", code}}));
  };
  EXPECT_TRUE(refusal("etcdserver: no leader", 14).elsewhere);
  EXPECT_TRUE(refusal("etcdserver: too many requests", 8).elsewhere);
  EXPECT_TRUE(refusal("etcdserver: request timed out", 14).unknown);
  EXPECT_TRUE(refusal("etcdserver: leader changed", 14).unknown);
  EXPECT_TRUE(refusal_of(502, "<html>").unknown) << "not even etcd's answer";
  const Refusal lease = refusal("etcdserver: requested lease not found", 5);
  EXPECT_FALSE(lease.elsewhere);
  EXPECT_FALSE(lease.unknown);
  EXPECT_EQ(error_of(lease).code(), "store.lease-gone");
  const Refusal full = refusal("etcdserver: mvcc: database space exceeded", 8);
  EXPECT_EQ(error_of(full).code(), "store.full");
  EXPECT_FALSE(error_of(full).hint().empty());
  EXPECT_EQ(error_of(refusal("etcdserver: odd", 3)).code(), "store.failed");
}

}  // namespace posada::store::etcd
