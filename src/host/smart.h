// What a disk's self-monitoring says, by smartctl (Debian package smartmontools).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct SmartAttribute {
  std::string id;  // as smartctl aligns it: "  1"
  std::string name, flags, fail, raw;
  int value = 0, worst = 0, threshold = 0;
};

struct SmartFacts {
  std::string health = "UNKNOWN";  // "PASSED", "OK", "FAILED!"
  std::string type;                // "ata": attributes; "text": everything else; empty: nothing
  std::vector<SmartAttribute> attributes;
  std::string text;
  std::optional<int> wearout;  // percent of the life that is left
};

// `device` like "/dev/sda". `health_only` leaves the attributes out.
sys::Async<SmartFacts> read_smart(Host& host, std::string device, bool health_only);

SmartFacts parse_smart(std::string_view text);  // pure

}  // namespace posada::host
