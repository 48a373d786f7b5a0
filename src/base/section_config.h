// The grammar of storage.cfg, domains.cfg, jobs.cfg and their kin: `type: id` at column 0, then
// indented `key value` lines; a blank line ends the section; lines that start with '#' are
// ignored. A value; what types and keys mean is their owner's business.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace posada {

struct Section {
  std::string type;
  std::string id;
  // Keys in the file's order. A flag (key without value) has the value "1"; of a repeated key the
  // first one counts, except for `arrays` (see below), whose values are joined by '\n'.
  std::vector<std::pair<std::string, std::string>> values;

  const std::string* find(std::string_view key) const;
  void set(std::string_view key, std::string value);
  void erase(std::string_view key);
};

struct SectionRules {
  // Keys that are written without a value when "1" and left out when "0".
  std::function<bool(std::string_view key)> is_flag;
  // Keys that must be there for a type: written before the optional ones.
  std::function<bool(std::string_view type, std::string_view key)> is_required;
  std::function<bool(std::string_view key)> is_array;
};

// Reading is lax, as administrators edit these files by hand: a line that cannot be read is left
// out and named in `warnings`.
std::vector<Section> parse_sections(std::string_view text, const SectionRules& rules,
                                    std::vector<std::string>* warnings = nullptr);
// Sections in the given order; in each comment, disable, the required keys sorted, the others
// sorted.
std::string write_sections(const std::vector<Section>& sections, const SectionRules& rules);

}  // namespace posada
