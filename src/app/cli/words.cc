#include "app/cli/words.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace posada::app {
namespace {

bool is_secret(std::string_view name) {
  return name == "password" || name == "cipassword";
}

// How a truth value may be written; any other word after a flag belongs to somebody else.
bool is_truth_word(const std::string& word) {
  static const std::set<std::string> words = {"0", "1", "yes", "no", "on", "off", "true", "false"};
  return words.contains(lower(word));
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && word[1] != '=' && !is_digits(word.substr(1));
}

Error unknown_option(const Grammar& grammar, const std::string& name) {
  const std::string meant = nearest(name, grammar.option_names);
  return Error::failed("cli.option", "unknown option '--" + name + "'")
      .with_hint(meant.empty() ? "" : "Did you mean '--" + meant + "'?");
}

// Steps from one word to the other: a letter added, left out, changed, or two exchanged.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), two_before;
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_before = before;
    before = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], two_before[j - 2] + 1);
      }
    }
  }
  return row.back();
}

class Parser {
 public:
  Parser(const Grammar& grammar, const std::vector<std::string>& words,
         const std::function<std::string(const std::string&)>& ask)
      : grammar_(grammar), words_(words), ask_(ask) {}

  json::object run() {
    for (place_ = 0; place_ < words_.size(); ++place_) {
      const std::string& word = words_[place_];
      if (word == "--" && !options_ended_) {
        options_ended_ = true;
      } else if (!options_ended_ && is_option(word)) {
        take_option(word.substr(word.starts_with("--") ? 2 : 1));
      } else {
        take_word(word);
      }
    }
    require_words();
    return std::move(found_);
  }

 private:
  void take_word(const std::string& word) {
    if (positions_ < grammar_.positional.size()) {
      found_[grammar_.positional[positions_++]] = word;
    } else if (!grammar_.rest.empty()) {
      json::array rest;
      for (; place_ < words_.size(); ++place_) {
        if (words_[place_] != "--" || !rest.empty()) rest.push_back(json::value(words_[place_]));
      }
      found_[grammar_.rest] = std::move(rest);
    } else {
      throw Error::failed("cli.extra-word", "'" + word + "' is one word too many");
    }
  }

  void take_option(std::string name) {
    std::optional<std::string> value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const std::optional<Grammar::Takes> takes = grammar_.option(name);
    if (!takes) throw unknown_option(grammar_, name);
    const bool more = place_ + 1 < words_.size();
    if (!value && *takes == Grammar::Takes::flag) {
      value = more && is_truth_word(words_[place_ + 1]) ? words_[++place_] : "1";
    } else if (!value && *takes == Grammar::Takes::secret &&
               (!more || is_option(words_[place_ + 1]))) {
      value = ask_(name);
    } else if (!value && more) {
      value = words_[++place_];
    }
    if (!value) throw Error::failed("cli.no-value", "the option '--" + name + "' needs a value");
    if (json::value* earlier = found_.if_contains(name)) {
      if (!earlier->is_array()) *earlier = json::array{*earlier};
      earlier->get_array().push_back(json::value(*value));
    } else {
      found_[name] = *value;
    }
  }

  void require_words() const {
    for (std::size_t i = positions_; i < grammar_.positional.size(); ++i) {
      const std::string_view name = grammar_.positional[i];
      const auto& optional = grammar_.optional_words;
      if (found_.contains(name) ||
          std::find(optional.begin(), optional.end(), name) != optional.end()) {
        continue;
      }
      throw Error::failed("cli.missing-word", "<" + std::string(name) + "> is missing");
    }
  }

  const Grammar& grammar_;
  const std::vector<std::string>& words_;
  const std::function<std::string(const std::string&)>& ask_;
  json::object found_;
  std::size_t place_ = 0;
  std::size_t positions_ = 0;
  bool options_ended_ = false;
};

}  // namespace

Grammar grammar_of(const api::Method& method, const std::vector<std::string_view>& positional) {
  Grammar grammar;
  grammar.positional = positional;
  for (const std::string_view name : positional) {
    const api::Parameter* parameter = method.parameter(name);
    if (parameter && parameter->optional) grammar.optional_words.push_back(name);
  }
  grammar.option = [&method](const std::string& name) -> std::optional<Grammar::Takes> {
    const api::Parameter* parameter = method.parameter(name);
    if (!parameter) {
      return method.open ? std::optional(Grammar::Takes::value) : std::nullopt;
    }
    if (is_secret(name)) return Grammar::Takes::secret;
    const bool flag = parameter->rule && parameter->rule->type == ValueType::boolean;
    return flag ? Grammar::Takes::flag : Grammar::Takes::value;
  };
  for (const api::Parameter* parameter : method.parameters) {
    const std::string name(parameter->name);
    if (in_path(method.path, name)) continue;
    if (!parameter->indexed()) grammar.option_names.push_back(name);
    for (int i = parameter->first; parameter->indexed() && i <= parameter->last; ++i) {
      grammar.option_names.push_back(name + std::to_string(i));
    }
  }
  return grammar;
}

Grammar grammar_of(const Command& command) {
  Grammar grammar;
  grammar.positional = command.positional;
  grammar.optional_words = command.optional_words;
  grammar.rest = command.rest;
  grammar.option = [&command](const std::string& name) -> std::optional<Grammar::Takes> {
    for (const OwnOption& option : command.options) {
      if (option.name == name) {
        return option.value.empty() ? Grammar::Takes::flag : Grammar::Takes::value;
      }
    }
    return std::nullopt;
  };
  for (const OwnOption& option : command.options) grammar.option_names.emplace_back(option.name);
  return grammar;
}

json::object parse_words(const Grammar& grammar, const std::vector<std::string>& words,
                         const std::function<std::string(const std::string&)>& ask) {
  return Parser(grammar, words, ask).run();
}

std::string word(const json::object& words, std::string_view name) {
  return text_member(words, name).value_or("");
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    std::size_t steps = distance(word, candidate);
    if (word.size() >= 3 && candidate.starts_with(word)) steps = std::min<std::size_t>(steps, 1);
    if (steps < least) {
      least = steps;
      best = candidate;
    }
  }
  return best;
}

std::vector<std::string> fill_path(std::string_view path, json::object& parameters) {
  std::vector<std::string> segments;
  for (std::string& segment : split_list(path, "/")) {
    if (segment.starts_with('{')) {
      const std::string name = segment.substr(1, segment.size() - 2);
      segment = text_member(parameters, name).value_or("");
      if (segment.empty()) throw Error::failed("cli.missing-word", "<" + name + "> is missing");
      parameters.erase(name);
    }
    segments.push_back(std::move(segment));
  }
  return segments;
}

bool in_path(std::string_view path, std::string_view name) {
  return path.find("{" + std::string(name) + "}") != std::string_view::npos;
}

}  // namespace posada::app
