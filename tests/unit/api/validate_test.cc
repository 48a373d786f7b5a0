// Requests against the declarations: what passes in which form, and the exact texts of refusals.
#include "api/validate.h"

#include <functional>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/formats.h"
#include "base/text.h"
#include "support/conformance.h"

namespace posada::api {
namespace {

using Texts = std::map<std::string, std::string>;

Route route(Verb verb, std::vector<std::string> segments) {
  return find_route(verb, segments);
}

json::object accept(Verb verb, std::vector<std::string> segments, json::object sent) {
  Route found = route(verb, segments);
  return validate(*found.method, found.parameters, std::move(sent));
}

Texts refuse(Verb verb, std::vector<std::string> segments, json::object sent) {
  try {
    accept(verb, std::move(segments), std::move(sent));
  } catch (const Error& error) {
    EXPECT_EQ(error.http_status(), 400);
    return error.parameters();
  }
  ADD_FAILURE() << "accepted";
  return {};
}

const std::vector<std::string> create{"nodes", "node1", "qemu"};
const std::vector<std::string> config{"nodes", "node1", "qemu", "100", "config"};

TEST(Validate, GivesEveryParameterItsType) {
  json::object result = accept(Verb::post, create,
                               {{"vmid", "103"},
                                {"cores", "+2"},
                                {"onboot", "0"},
                                {"cpulimit", "0.5"},
                                {"memory", 2048},
                                {"kvm", true},
                                {"net0", "virtio,bridge=vmbr0"},
                                {"name", nullptr}});
  EXPECT_EQ(result.at("node"), "node1");
  EXPECT_EQ(result.at("vmid"), 103);
  EXPECT_EQ(result.at("cores"), 2);
  EXPECT_EQ(result.at("onboot"), false);
  EXPECT_EQ(result.at("kvm"), true);
  EXPECT_EQ(result.at("cpulimit"), 0.5);
  EXPECT_EQ(result.at("memory"), "2048");
  EXPECT_EQ(result.at("net0"), "virtio,bridge=vmbr0");
  EXPECT_FALSE(result.contains("name"));
}

TEST(Validate, NamesEveryWrongParameterAtOnce) {
  Texts texts = refuse(Verb::post, create, {{"memory", "lots"}, {"bogus", "1"}, {"cores", "0"}});
  EXPECT_EQ(texts, (Texts{
                       {"bogus",
                        "property is not defined in schema and the schema does not allow "
                        "additional properties"},
                       {"cores", "value must have a minimum value of 1"},
                       {"memory",
                        "invalid format - format error\nmemory.current: type check ('integer') "
                        "failed - got 'lots'\n"},
                       {"vmid", "property is missing and it is not optional"},
                   }));
}

TEST(Validate, TypesAreStrict) {
  EXPECT_EQ(refuse(Verb::put, config, {{"onboot", "yes"}}).at("onboot"),
            "type check ('boolean') failed - got 'yes'");
  EXPECT_EQ(refuse(Verb::put, config, {{"cores", "1.5"}}).at("cores"),
            "type check ('integer') failed - got '1.5'");
  EXPECT_EQ(refuse(Verb::put, config, {{"cores", ""}}).at("cores"),
            "type check ('integer') failed - got ''");
  EXPECT_EQ(refuse(Verb::put, config, {{"cores", "99999999999999999999"}}).at("cores"),
            "type check ('integer') failed - got '99999999999999999999'");
  for (std::string_view number : {"inf", "nan", "0x10", "1,5", ".", "-", "+-1", "1e"}) {
    EXPECT_EQ(refuse(Verb::put, config, {{"cpulimit", number}}).at("cpulimit"),
              "type check ('number') failed - got '" + std::string(number) + "'");
  }
  EXPECT_EQ(accept(Verb::put, config, {{"cpulimit", "1e1"}}).at("cpulimit"), 10.0);
  EXPECT_EQ(refuse(Verb::put, config, {{"name", json::object{}}}).at("name"),
            "type check ('string') failed - got 'HASH'");
}

TEST(Validate, TextsHaveLimitsInCharacters) {
  std::string text;
  for (int i = 0; i < 8192; ++i) text += "é";
  EXPECT_NO_THROW(accept(Verb::put, config, {{"description", text}}));
  EXPECT_EQ(refuse(Verb::put, config, {{"description", text + "é"}}).at("description"),
            "value may only be 8192 characters long");
  EXPECT_EQ(refuse(Verb::post, {"nodes", "a", "lxc"},
                   {{"vmid", 100}, {"ostemplate", "x"}, {"password", "1234"}})
                .at("password"),
            "value must be at least 5 characters long");
}

TEST(Validate, WordsComeFromTheEnumeration) {
  EXPECT_EQ(refuse(Verb::put, config, {{"bios", "uefi"}}).at("bios"),
            "value 'uefi' does not have a value in the enumeration 'seabios, ovmf'");
}

TEST(Validate, FormatsAndPatternsAreChecked) {
  EXPECT_EQ(refuse(Verb::get, {"cluster", "nextid"}, {{"vmid", "12"}}).at("vmid"),
            "invalid format - value does not look like a valid VM ID\n");
  EXPECT_EQ(refuse(Verb::put, config, {{"vmgenid", "2"}}).at("vmgenid"),
            "value does not match the regex pattern");
  EXPECT_NO_THROW(accept(Verb::put, config, {{"vmgenid", "1"}}));
}

TEST(Validate, AParameterOfThePathMayNotBeSentWithAnotherValue) {
  EXPECT_EQ(refuse(Verb::put, config, {{"vmid", "101"}}).at("vmid"),
            "duplicate parameter (already defined in URI) with conflicting values!");
  EXPECT_NO_THROW(accept(Verb::put, config, {{"vmid", 100}}));
  EXPECT_EQ(refuse(Verb::get, {"nodes", "node1", "qemu", "abc", "config"}, {}).at("vmid"),
            "type check ('integer') failed - got 'abc'");
}

TEST(Validate, IndexedNamesStayWithinTheirBounds) {
  EXPECT_NO_THROW(accept(Verb::put, config, {{"net31", "virtio"}}));
  for (std::string_view name : {"net32", "net01", "net", "net-1", "netx", "ide4"}) {
    EXPECT_TRUE(refuse(Verb::put, config, {{name, "virtio"}}).contains(std::string(name)));
  }
}

TEST(Validate, OneParameterMayNeedAnother) {
  EXPECT_EQ(refuse(Verb::post, create, {{"vmid", 100}, {"unique", "1"}}).at("archive"),
            "missing property required by 'unique'");
}

TEST(Validate, ListsAreTextsAndArraysAreArrays) {
  EXPECT_EQ(accept(Verb::put, config, {{"delete", json::array{"net0", "ide2"}}}).at("delete"),
            "net0,ide2");
  EXPECT_EQ(accept(Verb::put, config, {{"delete", "net0;ide2 tags"}}).at("delete"),
            "net0;ide2 tags");
  EXPECT_EQ(accept(Verb::put, config, {{"tags", std::string("a\nb\0c", 5)}}).at("tags"), "a b c");
  std::vector<std::string> exec{"nodes", "a", "qemu", "100", "agent", "exec"};
  EXPECT_EQ(accept(Verb::post, exec, {{"command", "ls"}}).at("command"), json::array{"ls"});
  EXPECT_EQ(accept(Verb::post, exec, {{"command", json::array{"ls", "-l"}}}).at("command"),
            (json::array{"ls", "-l"}));
  EXPECT_EQ(refuse(Verb::put, config, {{"name", json::array{"a", "b"}}}).at("name"),
            "type check ('string') failed - got 'ARRAY'");
}

TEST(Validate, OpenMethodsTakeMore) {
  EXPECT_EQ(accept(Verb::get, {"nodes", "a", "qemu", "100", "agent"}, {{"more", "1"}}).at("more"),
            "1");
}

TEST(Validate, DeepNestingIsRefused) {
  json::value deep = "x";
  for (int i = 0; i < 1000; ++i) deep = json::array{std::move(deep)};
  EXPECT_TRUE(refuse(Verb::put, config, {{"name", std::move(deep)}}).contains("name"));
}

TEST(Validate, APropertyMayBelongToOneKindOnly) {
  std::vector<std::string> fabrics{"cluster", "sdn", "fabrics", "fabric"};
  EXPECT_NO_THROW(
      accept(Verb::post, fabrics, {{"id", "fab"}, {"protocol", "ospf"}, {"area", "0"}}));
  EXPECT_EQ(refuse(Verb::post, fabrics, {{"id", "fab"}, {"protocol", "openfabric"}, {"area", "0"}})
                .at("area"),
            "property is not allowed when protocol is 'openfabric'");
}

void each_rule(const Rule& rule, const std::string& where,
               const std::function<void(const Rule&, const std::string&)>& visit) {
  visit(rule, where);
  if (rule.items != nullptr) each_rule(*rule.items, where + "[]", visit);
  for (const Rule* alternative : rule.alternatives) each_rule(*alternative, where, visit);
  for (const Member* member : rule.members) {
    if (member->rule != nullptr) {
      each_rule(*member->rule, where + "." + std::string(member->name), visit);
    }
  }
  if (rule.properties == nullptr) return;
  for (const Member* member : rule.properties->members) {
    if (member->rule != nullptr) {
      each_rule(*member->rule, where + "/" + std::string(member->name), visit);
    }
  }
}

// A pattern that the tables could not express would have failed the build.
TEST(Validate, EveryFormatIsKnownAndNoPatternTakesRubbish) {
  int patterns = 0;
  for (const Method& method : methods()) {
    for (const Parameter* parameter : method.parameters) {
      each_rule(*parameter->rule, std::string(method.path) + " " + std::string(parameter->name),
                [&patterns](const Rule& rule, const std::string& where) {
                  if (!rule.format.empty() && rule.properties == nullptr) {
                    EXPECT_TRUE(is_known_format(rule.format)) << where << " " << rule.format;
                  }
                  if (rule.pattern == nullptr) return;
                  ++patterns;
                  EXPECT_FALSE(rule.pattern->matches(std::string("\0\xff\n", 3))) << where;
                });
    }
  }
  EXPECT_GT(patterns, 200);
}

TEST(Validate, PatternsMatchWhatTheyAreFor) {
  struct Case {
    std::vector<std::string> path;
    std::string_view parameter;
    std::vector<std::string_view> good, bad;
  };
  for (const Case& one : std::vector<Case>{
           {config,
            "startdate",
            {"now", "2026-11-27", "2026-11-27T03:00:00"},
            {"", "now ", "26-11-27"}},
           {config, "serial0", {"socket", "/dev/ttyS0"}, {"sockets", "/dev/", "/etc/passwd"}},
           {config, "machine", {"q35", "pc-q35-7.2", "pc-i440fx-9.0+pve1"}, {"q36", "pc-q35-7"}},
           {config, "usb0", {"spice", "SPICE", "host=1234:abcd", "2-1.4"}, {"1234", "2"}},
           {config, "tablet", {"1"}, {"2"}},
       }) {
    for (std::string_view text : one.good) {
      EXPECT_NO_THROW(accept(Verb::put, one.path, {{one.parameter, text}})) << text;
    }
    for (std::string_view text : one.bad) {
      EXPECT_TRUE(
          refuse(Verb::put, one.path, {{one.parameter, text}}).contains(std::string(one.parameter)))
          << text;
    }
  }
}

TEST(Validate, BytesThatAreNoTextAreRefused) {
  EXPECT_EQ(refuse(Verb::put, config, {{"description", "a\xff"}}).at("description"),
            "value is not valid UTF-8");
  EXPECT_EQ(refuse(Verb::put, config, {{"na\xffme", "x"}}).at("na%FFme"),
            "the name of the parameter is not valid UTF-8");
  EXPECT_EQ(refuse(Verb::put, config, {{"description", std::string("a\0b", 3)}}).at("description"),
            "value may not contain a NUL byte");
  EXPECT_EQ(refuse(Verb::get, {"nodes", "a\xff", "status"}, {}).at("node"),
            "value is not valid UTF-8\\ninvalid format - value does not look like a valid node "
            "name\n");
}

TEST(Validate, LongValuesAreNotRepeatedWhole) {
  std::string text = refuse(Verb::put, config, {{"cores", std::string(100000, 'x')}}).at("cores");
  EXPECT_LT(text.size(), 400u);
}

// The requests that were recorded against the reference implementation.
TEST(Validate, RecordedRequestsPassOrFailAsTheyDidThere) {
  auto file = testing::conformance("../reference/recorded");
  if (!file) GTEST_SKIP() << "no ../shared/reference/recorded.json";
  int checked = 0;
  for (const json::value& value : file->at("exchanges").as_array()) {
    const json::object& exchange = value.as_object();
    std::string request(exchange.at("request").as_string());
    std::size_t space = request.find(' ');
    std::optional<Verb> verb = verb_of(request.substr(0, space));
    std::string path = request.substr(space + 1);
    if (!verb || !path.starts_with("/api2/json/") || path.find("<") != std::string::npos) continue;
    if (path.ends_with("/upload")) continue;  // recorded without its parts
    std::string query;
    if (std::size_t mark = path.find('?'); mark != std::string::npos) {
      query = path.substr(mark + 1);
      path.resize(mark);
    }
    std::vector<std::string> segments;
    for (std::string& segment : split(path.substr(11), '/')) {
      if (!segment.empty()) segments.push_back(decode_percent(segment));
    }
    Route found = find_route(*verb, segments);
    if (found.method == nullptr) continue;
    json::object sent;
    if (const json::value* form = exchange.if_contains("form")) sent = form->as_object();
    for (const std::string& pair : split(query, '&')) {
      std::size_t equals = pair.find('=');
      if (equals != std::string::npos) {
        sent[pair.substr(0, equals)] = decode_percent(pair.substr(equals + 1));
      }
    }
    const json::object* body = exchange.at("body").if_object();
    const json::value* errors = body != nullptr ? body->if_contains("errors") : nullptr;
    ++checked;
    try {
      validate(*found.method, found.parameters, sent);
    } catch (const Error& error) {
      ASSERT_NE(errors, nullptr) << request << " " << json::serialize(sent) << " "
                                 << error.parameters().begin()->first << ": "
                                 << error.parameters().begin()->second;
      json::object ours;
      for (const auto& [name, text] : error.parameters()) ours[name] = text;
      EXPECT_EQ(json::value(ours), *errors) << request;
    }
  }
  EXPECT_GT(checked, 100);
}

}  // namespace
}  // namespace posada::api
