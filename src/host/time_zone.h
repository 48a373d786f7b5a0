// The time zone of the machine: /etc/timezone and the link /etc/localtime.
#pragma once

#include <string>

#include "host/host.h"

namespace posada::host {

std::string time_zone(const Host& host);  // "Europe/Madrid"; "UTC" where nothing says otherwise
// Throws Error::parameter("timezone", …) when the machine does not know it.
void set_time_zone(const Host& host, const std::string& name);
// The file that describes a zone; empty when the machine does not know it.
std::string zone_text(const Host& host, const std::string& name);
// Seconds that this zone is ahead of UTC at that moment.
std::int64_t zone_offset(const Host& host, const std::string& name, std::int64_t wall_seconds);

// The offset by the text of a zoneinfo file (RFC 8536, version 2 or later); 0 for one that is
// malformed. Times after the last change that is listed follow its footer's standard offset.
std::int64_t offset_in_zone(std::string_view file, std::int64_t wall_seconds);

}  // namespace posada::host
