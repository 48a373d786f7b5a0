// Reading a guest's config text (config_text.h).
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "guest/config_text.h"

namespace posada::guest {

namespace {

struct Line {
  std::string key;
  std::string value;
};

// `key: value`; nothing for anything else.
std::optional<Line> split_line(std::string_view line, std::string_view separators) {
  const std::size_t end = line.find_first_of(separators);
  if (end == std::string_view::npos || end == 0) {
    return std::nullopt;
  }
  // `boot: ` with nothing after the blank is a value too: an empty one.
  const std::string_view value = trim(line.substr(end + 1));
  const std::string_view key = line.substr(0, end);
  if (end + 1 == line.size() || key.find_first_of(" \t") != std::string_view::npos) {
    return std::nullopt;
  }
  return Line{std::string(key), std::string(value)};
}

// Letters, '_' and '-' after a small letter, then digits only at the end.
bool is_key(std::string_view key) {
  if (key.empty() || key[0] < 'a' || key[0] > 'z') {
    return false;
  }
  std::size_t at = 0;
  const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == '-'; };
  while (at < key.size() && is_name(key[at])) {
    ++at;
  }
  return key.find_first_not_of("0123456789", at) == std::string_view::npos;
}

class Parser {
 public:
  Parser(const Grammar& grammar, GuestId guest, Strictness strictness)
      : grammar_(grammar), guest_(guest), strictness_(strictness) {
    section_ = &result_.config.main;
    keys_ = &grammar_.keys;
  }

  Parsed parse(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      ++line_;
      if (!trim(line).empty()) {
        read(line);
      }
    }
    finish_section();
    return std::move(result_);
  }

 private:
  enum class Kind { main, pending, special, snapshot, unknown };

  void problem(std::string text) {
    text = grammar_.guest_word + " " + guest_.text() + " - " + text;
    if (strictness_ == Strictness::strict) {
      throw Error::failed("guest.config-invalid", std::move(text),
                          {{"line", std::to_string(line_)}, {"guest", guest_.text()}});
    }
    result_.problems.push_back({line_, std::move(text)});
  }

  void read(std::string_view line) {
    const std::string_view trimmed = trim(line);
    if (trimmed.front() == '[' && trimmed.back() == ']' && line.front() == '[') {
      begin_section(trimmed.substr(1, trimmed.size() - 2));
    } else if (kind_ == Kind::unknown) {
      return;
    } else if (line.front() == '#') {
      add_description(decode_percent(trim_end(line.substr(1))));
    } else {
      read_key(line);
    }
  }

  static std::string_view trim_end(std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) {
      text.remove_suffix(1);
    }
    return text;
  }

  void add_description(const std::string& line) {
    if (!description_) {
      description_.emplace();
    } else {
      *description_ += "\n";
    }
    *description_ += line;
  }

  void finish_section() {
    if (description_ && section_ != nullptr) {
      while (!description_->empty() &&
             std::string_view(" \t\r\n").find(description_->back()) != std::string_view::npos) {
        description_->pop_back();
      }
      section_->description = std::move(*description_);
    }
    description_.reset();
    seen_keys_.clear();
  }

  void begin_section(std::string_view name) {
    finish_section();
    const std::string lower_name = lower(name);
    keys_ = &grammar_.keys;
    validated_ = true;
    if (lower_name == lower(grammar_.pending_section)) {
      announce("pending");
      kind_ = Kind::pending;
      result_.config.pending = {};
      result_.config.deletes.clear();
      section_ = &result_.config.pending;
    } else if (lower_name.starts_with("special:") &&
               grammar_.special.contains(lower_name.substr(8))) {
      announce(lower_name);
      begin_special(lower_name.substr(8));
    } else if (is_config_id(name) && lower_name != "pending") {
      announce(std::string(name));
      kind_ = Kind::snapshot;
      section_ = &(result_.config.snapshots[std::string(name)] = {});
    } else {
      kind_ = Kind::unknown;
      section_ = nullptr;
      problem("skipping unknown section: '" + std::string(name) + "'");
    }
  }

  void begin_special(const std::string& name) {
    kind_ = Kind::special;
    section_ = &(result_.config.special[name] = {});
    const auto& table = grammar_.special.find(name)->second;
    validated_ = table.has_value();
    keys_ = validated_ ? &*table : &grammar_.keys;
  }

  void announce(const std::string& name) {
    if (!seen_sections_.insert(name).second) {
      problem("duplicate section: " + name);
    }
  }

  void read_key(std::string_view line) {
    // What cannot be written again must not be read: no edit of the guest would succeed.
    if (trim_end(line).find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) {
      problem("a line holds control characters");
      return;
    }
    if (!grammar_.raw_prefix.empty() && line.starts_with(grammar_.raw_prefix)) {
      if (auto raw = split_raw(line)) {
        section_->raw.emplace_back(std::move(raw->key), std::move(raw->value));
      } else {
        problem("unable to parse config: " + std::string(line));
      }
      return;
    }
    const auto parts = split_line(line, ":");
    if (!parts || !is_key(parts->key)) {
      problem("unable to parse config: " + std::string(line));
    } else if (parts->key == "description") {
      add_description(decode_percent(parts->value));
    } else if (parts->key == "delete") {
      read_delete(parts->value);
    } else if (!validated_) {
      section_->values[parts->key] = parts->value;
    } else {
      store(parts->key, parts->value);
    }
  }

  static std::optional<Line> split_raw(std::string_view line) {
    auto parts = split_line(line, ":=");
    if (!parts) {  // `lxc.key = value` has a space before the sign
      const std::size_t end = line.find_first_of(":=");
      if (end == std::string_view::npos) {
        return std::nullopt;
      }
      const std::string_view key = trim(line.substr(0, end));
      if (key.find_first_of(" \t") != std::string_view::npos) {
        return std::nullopt;
      }
      parts = Line{std::string(key), std::string(trim(line.substr(end + 1)))};
    }
    return parts;
  }

  void read_delete(const std::string& value) {
    if (kind_ != Kind::pending) {
      problem("property 'delete' is only allowed in [" + grammar_.pending_section + "]");
      return;
    }
    result_.config.deletes = parse_pending_deletes(value);
  }

  void store(const std::string& key, const std::string& value) {
    const bool of_snapshot = kind_ == Kind::snapshot && grammar_.snapshot_keys.knows(key);
    const KeyTable& table = of_snapshot ? grammar_.snapshot_keys : *keys_;
    try {
      std::string checked = table.check(key, value);
      const std::string canonical = table.canonical(key);
      if (!seen_keys_.insert(canonical).second) {
        problem("duplicate key: " + canonical);
      }
      section_->values[canonical] = std::move(checked);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::parameter) {
        throw;
      }
      problem("unable to parse value of '" + key + "' - " + error.parameters().begin()->second);
    }
  }

  const Grammar& grammar_;
  GuestId guest_;
  Strictness strictness_;
  Parsed result_;
  std::size_t line_ = 0;
  Kind kind_ = Kind::main;
  ConfigSection* section_ = nullptr;
  const KeyTable* keys_ = nullptr;
  bool validated_ = true;
  std::optional<std::string> description_;
  std::set<std::string> seen_sections_;
  std::set<std::string> seen_keys_;
};

}  // namespace

Parsed parse_config(std::string_view text, const Grammar& grammar, GuestId guest,
                    Strictness strictness) {
  return Parser(grammar, guest, strictness).parse(text);
}

}  // namespace posada::guest
