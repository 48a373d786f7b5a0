#include "host/smart.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace posada::host {
namespace {

// Vendors' names of the attribute that counts down from 100 as an SSD wears.
constexpr auto wear_names = std::to_array<std::string_view>(
    {"Media_Wearout_Indicator", "SSD_Life_Left", "Wear_Leveling_Count", "Percent_Lifetime_Used",
     "Percent_Lifetime_Remain", "Perc_Write/Erase_Ct_BC", "Perc_Avail_Resrvd_Space",
     "Remaining_Lifetime_Perc", "Lifetime_Remaining"});

std::optional<std::string_view> after(std::string_view line, std::string_view label) {
  const std::size_t found = line.find(label);
  if (found == std::string_view::npos) return std::nullopt;
  return trim(line.substr(found + label.size()));
}

int number(const std::string& text) {
  return static_cast<int>(to_integer(text).value_or(0));
}

// "  1 Raw_Read_Error_Rate     POSR-K   100   100   000    -    0"
std::optional<SmartAttribute> parse_attribute(const std::string& line) {
  const std::vector<std::string> words = split_list(line, " ");
  if (words.size() < 8 || !is_digits(words[0]) || line.size() < 3) return std::nullopt;
  SmartAttribute one;
  one.id = line.substr(0, 3);
  one.name = words[1];
  one.flags = words[2];
  one.value = number(words[3]);
  one.worst = number(words[4]);
  one.threshold = number(words[5]);
  one.fail = words[6];
  one.raw = join({words.begin() + 7, words.end()}, " ");
  return one;
}

// Percent used, as NVMe and SAS disks say it.
std::optional<int> used_share(std::string_view line) {
  for (const char* label : {"Percentage Used:", "Percentage used endurance indicator:"}) {
    if (const auto rest = after(line, label)) {
      return number(std::string(rest->substr(0, rest->find('%'))));
    }
  }
  return std::nullopt;
}

}  // namespace

SmartFacts parse_smart(std::string_view text) {
  SmartFacts facts;
  bool in_text = false;
  for (const std::string& line : split(text, '\n')) {
    if (const auto health = after(line, "self-assessment test result:")) facts.health = *health;
    if (const auto health = after(line, "SMART Health Status:")) facts.health = *health;
    if (line.starts_with("ID# ATTRIBUTE_NAME")) {
      facts.type = "ata";
    } else if (facts.type == "ata") {
      if (auto attribute = parse_attribute(line)) facts.attributes.push_back(*std::move(attribute));
    } else if (line.starts_with("SMART/Health Information") ||
               line.starts_with("Percentage used endurance") ||
               line.starts_with("Current Drive Temperature")) {
      if (!in_text) facts.text = "\n";
      facts.type = "text";
      in_text = true;
    }
    if (in_text) {
      facts.text += line + "\n";
      if (const auto used = used_share(line)) facts.wearout = std::max(0, 100 - *used);
    }
  }
  while (facts.text.ends_with("\n\n")) facts.text.pop_back();
  for (const SmartAttribute& attribute : facts.attributes) {
    if (std::find(wear_names.begin(), wear_names.end(), attribute.name) != wear_names.end()) {
      facts.wearout = attribute.value;
    }
  }
  return facts;
}

sys::Async<SmartFacts> read_smart(Host& host, std::string device, bool health_only) {
  Run run{.arguments = {"smartctl", "-H"}};
  if (!health_only) run.arguments.insert(run.arguments.end(), {"-A", "-f", "brief"});
  run.arguments.push_back(device);
  const sys::Finished finished = co_await host.programs.run(std::move(run));
  // Bits 0 and 1: the command line or the device could not be used; the others are findings.
  if ((finished.status & 3) != 0) {
    const std::vector<std::string> lines = split_list(finished.output + finished.errors, "\n");
    throw Error::failed("host.smart",
                        "smartctl failed: " + (lines.empty() ? "no output" : lines.back()));
  }
  co_return parse_smart(finished.output);
}

}  // namespace posada::host
