#include "guest/options.h"

#include <algorithm>

#include "base/error.h"

namespace posada::guest {

namespace {

// Empty: the table lets it pass.
std::string_view reason_of(std::span<const Option> table, std::string_view name,
                           std::string_view value) {
  const auto option = std::ranges::find(table, name, &Option::name);
  if (option == table.end() || option->treatment != Treatment::refused) return {};
  const bool changes_nothing = !option->harmless.empty() && value == option->harmless;
  return changes_nothing ? std::string_view() : option->reason;
}

}  // namespace

std::optional<std::string> refusal(std::span<const Option> table, std::string_view name,
                                   std::string_view value, const Properties& parts) {
  if (const auto reason = reason_of(table, name, value); !reason.empty())
    return std::string(reason);
  for (const auto& [part, given] : parts) {
    const auto reason = reason_of(table, std::string(name) + "." + part, given);
    if (!reason.empty()) return part + ": " + std::string(reason);
  }
  return std::nullopt;
}

void refuse_unsupported(const ConfigSection& config, Unsupported unsupported,
                        std::string_view code) {
  for (const auto& [key, value] : config.values) {
    if (const auto reason = unsupported(key, value))
      throw Error::failed(std::string(code) + ".unsupported", key + ": " + *reason,
                          {{"option", key}});
  }
}

}  // namespace posada::guest
