// Any bytes as parameters, in a query, a form or a JSON body: refused, or texts that JSON can
// carry. The first byte chooses.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "front/forms.h"
#include "front/refusal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posada;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  json::object parameters;
  try {
    switch (data[0] % 3) {
      case 0:
        parameters = front::decode_form(text);
        break;
      case 1:
        parameters = front::decode_body("application/json", text);
        break;
      default:
        parameters = front::decode_body("application/x-www-form-urlencoded", text);
        break;
    }
  } catch (const front::Refusal& refusal) {
    if (refusal.status() < 400) std::abort();
    return 0;
  }
  if (json::parse(json::serialize(parameters)) != json::value(parameters)) std::abort();
  return 0;
}
