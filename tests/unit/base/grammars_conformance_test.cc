// The cases of small_grammars.json that are about property strings, schemas and names. Schemas of
// the cases are turned into the same tables that the generator writes.
#include <deque>
#include <regex>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/formats.h"
#include "base/property_string.h"
#include "base/rule_check.h"
#include "base/text.h"
#include "support/conformance.h"

namespace posada {
namespace {

// Owns rules and members that a test builds at run time.
class Tables {
 public:
  Members members(const json::object& properties) {
    std::map<std::string, const Member*> sorted;
    add(properties, sorted);
    return store(sorted);
  }

  // The union of what the parts of `allOf` declare.
  Members all_of(const json::object& schema, bool& open) {
    std::map<std::string, const Member*> sorted;
    collect(schema, sorted, open);
    return store(sorted);
  }

 private:
  void collect(const json::object& schema, std::map<std::string, const Member*>& into, bool& open) {
    if (const json::value* parts = schema.if_contains("allOf")) {
      for (const json::value& part : parts->as_array()) collect(part.as_object(), into, open);
      return;
    }
    open = open || integer_member(schema, "additionalProperties").value_or(0) == 1;
    add(schema.at("properties").as_object(), into);
  }

  void add(const json::object& properties, std::map<std::string, const Member*>& into) {
    for (const auto& [name, value] : properties) {
      into.emplace(std::string(name), member(name, value.as_object()));
    }
  }

  std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }

  const Member* member(std::string_view name, const json::object& schema) {
    Member& made = members_.emplace_back();
    made.name = keep(name);
    made.optional = integer_member(schema, "optional").value_or(0) == 1;
    made.default_key = integer_member(schema, "default_key").value_or(0) == 1;
    if (auto alias = text_member(schema, "alias")) {
      made.alias = keep(*alias);
      made.optional = true;
      return &made;
    }
    Rule& rule = rules_.emplace_back();
    std::string type = text_member(schema, "type").value_or("string");
    rule.type = type == "boolean"   ? ValueType::boolean
                : type == "integer" ? ValueType::integer
                                    : ValueType::string;
    if (auto maximum = integer_member(schema, "maximum")) {
      rule.has_maximum = true;
      rule.maximum = static_cast<double>(*maximum);
    }
    if (auto minimum = integer_member(schema, "minimum")) {
      rule.has_minimum = true;
      rule.minimum = static_cast<double>(*minimum);
    }
    made.rule = &rule;
    return &made;
  }

  Members store(const std::map<std::string, const Member*>& sorted) {
    std::vector<const Member*>& list = lists_.emplace_back();
    for (const auto& [name, one] : sorted) list.push_back(one);
    return list;
  }

  std::deque<std::string> texts_;
  std::deque<Rule> rules_;
  std::deque<Member> members_;
  std::deque<std::vector<const Member*>> lists_;
};

struct Outcome {
  std::string fault;  // "path: text" lines, sorted; or the sentence
  json::object value;
};

Outcome run_property_string(const json::object& one) {
  Tables tables;
  PropertyFormat format{"case", tables.members(one.at("schema").as_object()), nullptr};
  for (const Member* member : format.members) {
    if (member->default_key) format.default_key = member;
  }
  Outcome outcome;
  std::string text(one.at("input").as_string());
  if (auto fault = property_string_fault(format, text, "")) {
    outcome.fault = *fault;
    return outcome;
  }
  for (const auto& [key, value] : parse_property_string(format, text, "")) {
    outcome.value[key] = *to_integer(value);
  }
  return outcome;
}

Outcome run_schema(const json::object& one) {
  Tables tables;
  bool open = false;
  const json::object& schema = one.at("schema").as_object();
  Members members = schema.contains("allOf") ? tables.all_of(schema, open) : tables.members(schema);
  Outcome outcome{"", one.at("input").as_object()};
  Faults faults;
  check_members(members, open, "", outcome.value, faults);
  for (const auto& [path, text] : faults.texts()) outcome.fault += path + ": " + text + "\n";
  return outcome;
}

void expect(const json::object& one, const Outcome& outcome) {
  const json::object& wanted = one.at("expect").as_object();
  if (wanted.contains("error")) {
    std::string pattern(wanted.at("matches").as_string());
    EXPECT_TRUE(std::regex_search(outcome.fault, std::regex(pattern)))
        << json::serialize(one) << "\n"
        << outcome.fault;
    return;
  }
  EXPECT_EQ(outcome.fault, "") << json::serialize(one);
  if (const json::value* value = wanted.if_contains("value")) {
    EXPECT_EQ(json::value(outcome.value), *value) << json::serialize(one);
  }
}

TEST(Conformance, SmallGrammarsOfSchemasAndNames) {
  auto file = testing::conformance("small_grammars");
  if (!file) GTEST_SKIP() << "no ../shared/conformance/small_grammars.json";
  int cases = 0;
  for (const json::value& value : file->at("cases").as_array()) {
    const json::object& one = value.as_object();
    std::string op(one.at("op").as_string());
    if (op == "property_string") {
      expect(one, run_property_string(one));
    } else if (op == "schema_alias" || op == "schema_allof") {
      expect(one, run_schema(one));
    } else if (op == "config_id" || op == "mac_prefix") {
      std::string text(one.at("input").as_string());
      bool valid = op == "config_id" ? is_config_id(text) : is_mac_prefix(text);
      EXPECT_EQ(valid, one.at("expect").at("valid").as_bool()) << op << " " << text;
    } else {
      continue;
    }
    ++cases;
  }
  EXPECT_EQ(cases, 93);
}

}  // namespace
}  // namespace posada
