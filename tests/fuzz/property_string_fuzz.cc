// Any text against any property string: it is refused, or it is printed as a text that reads back
// to the same values. The first byte chooses the format.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/property_formats.h"
#include "base/property_string.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posada;
  if (size == 0) return 0;
  auto all = formats::all();
  const PropertyFormat& format = *all[data[0] % all.size()];
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  PropertyValues values;
  try {
    values = parse_property_string(format, text, "x");
  } catch (const Error&) {
    return 0;
  }
  std::string printed = print_property_string(format, values);
  if (parse_property_string(format, printed, "x") != values) std::abort();
  return 0;
}
