// Any JSON object as the parameters of any method: refused with texts by parameter, or brought
// into a form that passes again. The first two bytes choose the method.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/validate.h"
#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posada;
  if (size < 2) return 0;
  auto methods = api::methods();
  const api::Method& method = methods[(data[0] << 8 | data[1]) % methods.size()];
  boost::system::error_code error;
  json::value sent =
      json::parse(std::string_view(reinterpret_cast<const char*>(data + 2), size - 2), error);
  if (error || !sent.is_object()) return 0;
  json::object accepted;
  try {
    accepted = api::validate(method, {}, sent.as_object());
  } catch (const Error& fault) {
    if (fault.parameters().empty()) std::abort();
    return 0;
  }
  if (api::validate(method, {}, accepted) != accepted) std::abort();
  return 0;
}
