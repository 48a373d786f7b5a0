// Any text as the configuration of a VM or container: what is understood of it is written as a text
// that reads strictly to the same. The first byte chooses the kind of guest.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ct/config.h"
#include "guest/config_text.h"
#include "vm/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posada;
  using namespace posada::guest;
  if (size == 0) return 0;
  const Grammar& grammar = data[0] % 2 == 0 ? vm::grammar() : ct::grammar();
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string written =
      write_config(parse_config(text, grammar, GuestId{100}).config, grammar);
  const Parsed again = parse_config(written, grammar, GuestId{100}, Strictness::strict);
  if (write_config(again.config, grammar) != written) std::abort();
  return 0;
}
