// Property strings: `local:8,size=4G,ssd=1` as the keys and values that a PropertyFormat allows.
// The formats of guests, storages and the cluster are in base/property_formats.h (generated).
//
//   PropertyValues net = parse_property_string(formats::qemu_net, "virtio,bridge=vmbr0");
//   net["macaddr"] = ...;
//   std::string text = print_property_string(formats::qemu_net, net);
//
// Pure. One key may stand without `key=`; aliases are resolved, so that callers only meet the
// names of the format; booleans become "1" or "0", other values stay as they were written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/rule.h"

namespace posada {

using PropertyValues = std::map<std::string, std::string, std::less<>>;

// Throws Error::parameter(name, "invalid format - …") with the wire's text.
PropertyValues parse_property_string(const PropertyFormat& format, std::string_view text,
                                     const std::string& name);

// What is wrong with the text, without "invalid format - "; nothing when it is right.
std::optional<std::string> property_string_fault(const PropertyFormat& format,
                                                 std::string_view text, const std::string& name);

// The key that needs no name first, then the required ones and the optional ones, by name; a key
// that another key's alias names (`virtio=MAC` for model and macaddr) is written that short way,
// as clients expect it.
// Throws std::logic_error for keys that the format does not know: a bug in the caller.
std::string print_property_string(const PropertyFormat& format, const PropertyValues& values);

// The declared format with that name; null when there is none.
const PropertyFormat* find_property_format(std::string_view name);

}  // namespace posada
