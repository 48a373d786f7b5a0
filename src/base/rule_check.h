// Checks values against the rules of the API description and brings them into one form.
//
// Faults are collected, not thrown, so that a user hears of all of them at once: texts of the
// wire by the path of the value ("net0", "net0.bridge", "lock[1]"). After a check without faults
// the value has its rule's type: integers are int64, numbers double, booleans bool, texts string.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/rule.h"

namespace posada {

class Faults {
 public:
  // A second text on one path is appended, as existing clients see it.
  void add(const std::string& path, std::string_view text);
  bool empty() const { return texts_.empty(); }
  const std::map<std::string, std::string>& texts() const { return texts_; }

 private:
  std::map<std::string, std::string> texts_;
};

// How booleans are read: the API takes 1 and 0 only, property strings on/yes/true … as well.
enum class Booleans { strict, words };

void check_value(const Rule& rule, const std::string& path, json::value& value, Faults& faults,
                 Booleans booleans = Booleans::strict);

// All members of an object: types, what is missing, what is not allowed, what needs what.
// `path` is empty at the top. Null members count as absent and are removed.
void check_members(Members members, bool open, const std::string& path, json::object& values,
                   Faults& faults, Booleans booleans = Booleans::strict);

// 1, on, yes, true → true; 0, off, no, false → false; in any case of letters.
std::optional<bool> boolean_word(std::string_view text);

}  // namespace posada
