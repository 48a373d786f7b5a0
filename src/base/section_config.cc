#include "base/section_config.h"

#include "base/error.h"
#include "base/text.h"

namespace posada {
namespace {

constexpr std::string_view space = " \t\r";

// "dir: local" → {dir, local}
bool parse_header(std::string_view line, Section& section) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view type = line.substr(0, colon);
  const std::string_view id = trim(line.substr(colon + 1));
  if (type.find_first_of(space) != std::string_view::npos) return false;
  if (id.empty() || id.find_first_of(space) != std::string_view::npos) return false;
  section.type = type;
  section.id = id;
  return true;
}

void add_value(Section& section, std::string_view line, const SectionRules& rules,
               std::vector<std::string>* warnings) {
  line = trim(line);
  const std::size_t end = line.find_first_of(space);
  const std::string_view key = line.substr(0, end);
  std::string value = end == std::string_view::npos ? "1" : std::string(trim(line.substr(end)));
  for (auto& [known, old] : section.values) {
    if (known != key) continue;
    if (rules.is_array && rules.is_array(key)) {
      old += '\n' + value;
    } else if (warnings) {
      warnings->push_back("duplicate key '" + std::string(key) + "' in section '" + section.id +
                          "'");
    }
    return;
  }
  section.values.emplace_back(key, std::move(value));
}

void write_value(std::string& out, const std::string& key, const std::string& value,
                 const SectionRules& rules) {
  if (rules.is_array && rules.is_array(key)) {
    for (const std::string& element : split(value, '\n')) out += "\t" + key + " " + element + "\n";
    return;
  }
  // It would write lines of its own.
  if (value.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
    throw Error::parameter(key, "value may not hold line breaks or NUL characters");
  }
  // A flag that is off is written too: some are on by default.
  const bool bare = value == "1" && rules.is_flag && rules.is_flag(key);
  out += "\t" + key + (bare ? "" : " " + value) + "\n";
}

}  // namespace

const std::string* Section::find(std::string_view key) const {
  for (const auto& [known, value] : values) {
    if (known == key) return &value;
  }
  return nullptr;
}

void Section::set(std::string_view key, std::string value) {
  for (auto& [known, old] : values) {
    if (known == key) {
      old = std::move(value);
      return;
    }
  }
  values.emplace_back(key, std::move(value));
}

void Section::erase(std::string_view key) {
  std::erase_if(values, [&](const auto& entry) { return entry.first == key; });
}

std::vector<Section> parse_sections(std::string_view text, const SectionRules& rules,
                                    std::vector<std::string>* warnings) {
  std::vector<Section> sections;
  bool inside = false;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with('#')) continue;
    if (trim(line).empty()) {
      inside = false;
      continue;
    }
    if (space.find(line.front()) != std::string_view::npos) {
      if (inside) {
        add_value(sections.back(), line, rules, warnings);
      } else if (warnings) {
        warnings->push_back("line outside of a section: '" + std::string(trim(line)) + "'");
      }
      continue;
    }
    Section section;
    inside = parse_header(line, section);
    if (inside) {
      sections.push_back(std::move(section));
    } else if (warnings) {
      warnings->push_back("unable to read '" + line + "'");
    }
  }
  return sections;
}

std::string write_sections(const std::vector<Section>& sections, const SectionRules& rules) {
  std::string out;
  for (const Section& section : sections) {
    out += section.type + ": " + section.id + "\n";
    std::map<std::string, std::string> sorted(section.values.begin(), section.values.end());
    for (const char* first : {"comment", "disable"}) {
      if (const auto found = sorted.find(first); found != sorted.end()) {
        write_value(out, found->first, found->second, rules);
        sorted.erase(found);
      }
    }
    for (const bool required : {true, false}) {
      for (const auto& [key, value] : sorted) {
        if ((rules.is_required && rules.is_required(section.type, key)) == required)
          write_value(out, key, value, rules);
      }
    }
    out += "\n";
  }
  return out;
}

}  // namespace posada
