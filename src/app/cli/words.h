// The words of a command line, taken apart by what its command knows. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema.h"
#include "app/cli/families.h"
#include "base/json.h"

namespace posada::app {

// What a command takes, whether it is a method of the API or a function of ours.
struct Grammar {
  enum class Takes { value, flag, secret };
  std::vector<std::string_view> positional;
  std::vector<std::string_view> optional_words;  // positional ones that may be left out
  std::function<std::optional<Takes>(const std::string& name)> option;
  std::vector<std::string> option_names;  // to guess what was meant
  std::string_view rest;                  // takes all words after the positional ones
};

Grammar grammar_of(const api::Method& method, const std::vector<std::string_view>& positional);
Grammar grammar_of(const Command& command);  // of a command that is a function

// `--name value`, `--name=value`, `-name value`, and `--flag` alone; `--` ends the options. A
// secret without a value is asked for with `ask`. Throws Error that says what is wrong with which
// word, and what was probably meant.
json::object parse_words(const Grammar& grammar, const std::vector<std::string>& words,
                         const std::function<std::string(const std::string&)>& ask);
// Of what parse_words found: one of them as text; empty when it was not given.
std::string word(const json::object& words, std::string_view name);

// The candidate that is most like `word`; empty when none is.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// The method's path with the parameters that stand in it taken out of `parameters`.
std::vector<std::string> fill_path(std::string_view path, json::object& parameters);
bool in_path(std::string_view path, std::string_view name);

}  // namespace posada::app
