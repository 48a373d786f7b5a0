// Any bytes as HTTP requests: where the network cuts them makes no difference. The first byte
// chooses where.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "front/http_request.h"
#include "front/refusal.h"

namespace {

using namespace posada::front;

struct Outcome {
  int refused = 0;  // status
  std::size_t taken = 0;
  bool done = false;
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> fields;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view input, std::size_t piece) {
  Outcome outcome;
  RequestParser parser;
  std::string buffered;
  try {
    for (std::size_t at = 0; at < input.size() && !parser.done(); at += piece) {
      buffered += input.substr(at, piece);
      for (std::size_t taken = 1; taken > 0 && !parser.done();) {
        taken = parser.feed(buffered);
        buffered.erase(0, taken);
        outcome.taken += taken;
        if (parser.head_done()) outcome.body += parser.take_body();
      }
    }
  } catch (const Refusal& refusal) {
    return {.refused = refusal.status()};
  }
  outcome.done = parser.done();
  if (parser.head_done()) {
    outcome.method = parser.head().method;
    outcome.target = parser.head().target;
    outcome.fields = parser.head().fields;
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const Outcome whole = read(input, input.size() + 1);
  const Outcome cut = read(input, data[0] % 61 + 1U);
  // What is refused at once when it has all arrived may be refused later when it comes in pieces,
  // and a request that is whole before the fault stands.
  if (whole.done != cut.done || (whole.done && whole != cut)) std::abort();
  return 0;
}
