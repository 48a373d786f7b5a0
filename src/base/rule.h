// What a value may be: the rules that the API description (api/*.api) declares, as constant
// data. The generator (tools/schema) writes these tables; nothing builds them at run time, and
// nothing here is ever changed or freed.
//
// A Rule says what one value may be, a Member gives a rule its name inside an object (a
// parameter, a key of a property string, a field of an answer). Rules are shared: two
// parameters that may hold the same are two members with one rule.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace posada {

// A regular expression as a table of states, so that matching takes one step a byte whatever
// the text holds. State 0 is the dead end, 1 the start; states from `first_accepting` accept.
struct Pattern {
  std::string_view source;      // as the API description writes it
  const std::uint8_t* classes;  // 256 entries: byte → column
  const std::uint16_t* next;    // [state * class_count + column] → state
  std::uint16_t class_count;
  std::uint16_t first_accepting;
  bool accepts_empty;
  // The whole text, as if the pattern stood between ^ and $.
  bool matches(std::string_view text) const;
};

enum class ValueType : std::uint8_t { any, string, integer, number, boolean, array, object, null };
std::string_view name_of(ValueType type);

struct Rule;

struct Member {
  std::string_view name{};         // without the [n] of an indexed name
  const Rule* rule = nullptr;      // null only for an alias
  std::string_view description{};  // empty where none is written
  std::string_view needs{};        // another member that must be there when this one is
  std::string_view alias{};        // property strings: the key that this one stands for
  std::string_view key_alias{};    // ... and the key that takes the name of the alias itself
  bool optional = false;
  bool default_key = false;  // property strings: may stand without `key=`
  std::int16_t first = -1;   // indexed name: name<first> … name<last>; -1: not indexed
  std::int16_t last = -1;
  bool indexed() const { return first >= 0; }
};

using Members = std::span<const Member* const>;  // sorted by name

// The key=value,... form of one string.
struct PropertyFormat {
  std::string_view name{};
  Members members{};
  const Member* default_key = nullptr;
};

struct Rule {
  ValueType type = ValueType::any;
  bool dynamic_default = false;  // the default depends on the host
  bool open = false;             // object: members that are not listed are allowed
  bool has_default = false;
  bool has_minimum = false;
  bool has_maximum = false;
  std::int32_t min_length = -1;  // characters; -1: no limit
  std::int32_t max_length = -1;
  double minimum = 0;
  double maximum = 0;
  std::string_view default_text{};             // as it would stand in a form
  std::string_view format{};                   // a named format of base/formats.h; empty: none
  const PropertyFormat* properties = nullptr;  // set: the string is a property string
  const Pattern* pattern = nullptr;
  std::span<const std::string_view> choices{};
  const Rule* items = nullptr;                     // array
  Members members{};                               // object
  const Rule* additional = nullptr;                // object: what members not listed may be
  std::span<const Rule* const> alternatives{};     // one of these holds, see `chosen_by`
  std::string_view chosen_by{};                    // the member whose value says whether it applies
  std::span<const std::string_view> chosen_for{};  // values of that member for which it applies
};

// The member with that name; `index` of an indexed one is checked and must have no leading
// zero. Null when there is none.
const Member* find_member(Members members, std::string_view name);

}  // namespace posada
