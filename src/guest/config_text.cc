#include "guest/config_text.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"

namespace posada::guest {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A value that ends its line would write settings of its own, and not only those that its sender
// may change.
void require_one_line(std::string_view key, std::string_view value) {
  if (value.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos) return;
  throw Error::parameter(std::string(key), "value may not hold line breaks or NUL characters");
}

}  // namespace

std::optional<std::pair<std::string, unsigned>> split_number(std::string_view key) {
  std::size_t start = key.size();
  while (start > 0 && is_digit(key[start - 1])) {
    --start;
  }
  const std::string_view digits = key.substr(start);
  if (start == 0 || digits.empty() || digits.size() > 6 ||
      (digits.size() > 1 && digits[0] == '0')) {
    return std::nullopt;
  }
  return std::pair{std::string(key.substr(0, start)),
                   static_cast<unsigned>(std::stoul(std::string(digits)))};
}

bool is_unused_key(std::string_view key) {
  const auto parts = split_number(key);
  return parts && parts->first == "unused";
}

bool is_config_id(std::string_view text) {
  return text.size() >= 2 && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; });
}

KeyTable& KeyTable::add(std::string name, ValueRule rule) {
  plain_[std::move(name)] = std::move(rule);
  return *this;
}

KeyTable& KeyTable::add_numbered(std::string name, unsigned count, ValueRule rule) {
  numbered_[std::move(name)] = Numbered{count, std::move(rule)};
  return *this;
}

KeyTable& KeyTable::add_alias(std::string name, std::string target) {
  aliases_[std::move(name)] = std::move(target);
  return *this;
}

const ValueRule* KeyTable::find(std::string_view key) const {
  if (const auto plain = plain_.find(key); plain != plain_.end()) {
    return &plain->second;
  }
  if (const auto parts = split_number(key)) {
    const auto numbered = numbered_.find(parts->first);
    if (numbered != numbered_.end() && parts->second < numbered->second.count) {
      return &numbered->second.rule;
    }
  }
  return nullptr;
}

bool KeyTable::knows(std::string_view key) const {
  return find(key) != nullptr || aliases_.find(key) != aliases_.end();
}

std::string KeyTable::canonical(std::string_view key) const {
  const auto alias = aliases_.find(key);
  return alias == aliases_.end() ? std::string(key) : alias->second;
}

std::string KeyTable::check(std::string_view key, std::string_view value) const {
  const ValueRule* rule = find(canonical(key));
  if (rule == nullptr) {
    throw Error::parameter(std::string(key), "unknown setting '" + std::string(key) + "'");
  }
  require_one_line(key, value);
  try {
    return (*rule)(value);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::parameter || error.parameters().empty()) {
      throw;
    }
    throw Error::parameter(std::string(key), error.parameters().begin()->second);
  }
}

std::string_view ConfigSection::get(std::string_view key, std::string_view otherwise) const {
  const auto found = values.find(key);
  return found == values.end() ? otherwise : std::string_view(found->second);
}

PendingDeletes parse_pending_deletes(std::string_view text) {
  PendingDeletes deletes;
  for (const std::string& item : split_list(text)) {
    const bool force = item.front() == '!';
    const std::string key = force ? item.substr(1) : item;
    if (!key.empty()) {
      deletes[key] = force;
    }
  }
  return deletes;
}

std::string print_pending_deletes(const PendingDeletes& deletes) {
  std::string text;
  for (const auto& [key, force] : deletes) {
    text += (text.empty() ? "" : ",") + std::string(force ? "!" : "") + key;
  }
  return text;
}

void GuestConfig::delete_later(std::string key, bool force) {
  pending.values.erase(key);
  if (key == "description") {
    pending.description.reset();
  }
  deletes[std::move(key)] = force;
}

void GuestConfig::set_later(std::string key, std::string value) {
  deletes.erase(key);
  pending.values[std::move(key)] = std::move(value);
}

void GuestConfig::revert(std::string_view key) {
  if (const auto found = pending.values.find(key); found != pending.values.end()) {
    pending.values.erase(found);
  }
  if (const auto found = deletes.find(key); found != deletes.end()) {
    deletes.erase(found);
  }
}

void GuestConfig::clean_pending() {
  std::erase_if(pending.values, [this](const auto& item) {
    const auto now = main.values.find(item.first);
    return now != main.values.end() && now->second == item.second;
  });
  std::erase_if(deletes, [this](const auto& item) { return !main.has(item.first); });
}

ConfigSection GuestConfig::next() const {
  ConfigSection result = main;
  for (const auto& [key, force] : deletes) {
    result.values.erase(key);
  }
  for (const auto& [key, value] : pending.values) {
    result.values[key] = value;
  }
  return result;
}

namespace {

void write_section(std::string& text, const ConfigSection& section, bool keep_empty_description,
                   const std::string& deletes) {
  if (section.description) {
    if (!section.description->empty()) {
      for (const std::string& line : split(*section.description, '\n')) {
        text += "#" + encode_text(line) + "\n";
      }
    } else if (keep_empty_description) {
      text += "#\n";
    }
  }
  Values values = section.values;
  if (!deletes.empty()) {
    values["delete"] = deletes;
  }
  for (const auto& [key, value] : values) {
    require_one_line(key, value);
    text += key + ": " + value + "\n";
  }
  for (const auto& [key, value] : section.raw) {
    require_one_line(key, value);
    text += key + ": " + value + "\n";
  }
}

// A volume that a key uses is not unused, whatever an old line says.
void drop_used_again(ConfigSection& section, const Grammar& grammar) {
  if (!grammar.volume_of) {
    return;
  }
  std::set<std::string> used;
  for (const auto& [key, value] : section.values) {
    if (!is_unused_key(key)) {
      if (auto volume = grammar.volume_of(key, value)) {
        used.insert(std::move(*volume));
      }
    }
  }
  std::erase_if(section.values, [&](const auto& item) {
    if (!is_unused_key(item.first)) {
      return false;
    }
    const auto volume = grammar.volume_of(item.first, item.second);
    return volume && used.contains(*volume);
  });
}

}  // namespace

std::string write_config(GuestConfig config, const Grammar& grammar) {
  if (grammar.tidy) {
    grammar.tidy(config);
  }
  drop_used_again(config.main, grammar);
  std::string text;
  write_section(text, config.main, false, {});
  if (config.has_pending()) {
    text += "\n[" + grammar.pending_section + "]\n";
    write_section(text, config.pending, true, print_pending_deletes(config.deletes));
  }
  for (const auto& [name, section] : config.special) {
    if (!section.empty()) {
      text += "\n[special:" + name + "]\n";
      write_section(text, section, false, {});
    }
  }
  for (const auto& [name, section] : config.snapshots) {
    text += "\n[" + name + "]\n";
    write_section(text, section, false, {});
  }
  return text;
}

std::vector<std::string> named_volumes(const GuestConfig& config, const Grammar& grammar) {
  std::vector<std::string> result;
  const auto add = [&](const ConfigSection& section) {
    for (const auto& [key, value] : section.values) {
      const auto volume = grammar.volume_of(key, value);
      if (volume && std::ranges::find(result, *volume) == result.end()) result.push_back(*volume);
    }
  };
  add(config.main);
  add(config.pending);
  for (const auto& [name, section] : config.snapshots) add(section);
  return result;
}

void keep_unused(ConfigSection& section, const std::string& volume) {
  constexpr int most = 256;
  std::string free;
  for (int number = 0; number < most; ++number) {
    const std::string key = "unused" + std::to_string(number);
    if (section.get(key) == volume) return;
    if (free.empty() && !section.has(key)) free = key;
  }
  if (free.empty()) {
    throw Error::failed("guest.too-many-unused",
                        "Too many unused volumes - please delete them first.");
  }
  section.values[free] = volume;
}

std::string config_digest(std::string_view text) {
  return sha1_hex(text);
}

}  // namespace posada::guest
