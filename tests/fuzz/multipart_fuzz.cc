// Any bytes as the body of an upload: where the network cuts them makes no difference to the
// fields, the file's name and the file's bytes. The first byte chooses where.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "front/multipart.h"
#include "front/refusal.h"

namespace {

using namespace posada;
using namespace posada::front;

struct Upload {
  bool refused = false;
  bool whole = false;
  json::object fields;
  std::string file_name, bytes;
};

Upload read(std::string_view input, std::size_t piece) {
  Upload upload;
  MultipartReader reader("b");
  std::string buffered;
  try {
    for (std::size_t at = 0; at < input.size(); at += piece) {
      buffered += input.substr(at, piece);
      for (;;) {
        std::size_t taken = 0;
        std::string_view data;
        const auto next = reader.read(buffered, taken, data);
        if (next == MultipartReader::Next::file) {
          upload.fields = reader.take_fields();
          upload.file_name = reader.file_name();
        }
        if (next == MultipartReader::Next::data) upload.bytes += data;
        buffered.erase(0, taken);
        if (next == MultipartReader::Next::end) {
          upload.whole = true;
          return upload;
        }
        if (next == MultipartReader::Next::more) break;
      }
    }
  } catch (const Refusal&) {
    upload.refused = true;
  }
  return upload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const Upload whole = read(input, input.size() + 1);
  const Upload cut = read(input, data[0] % 61 + 1U);
  if (whole.whole != cut.whole || whole.refused != cut.refused) std::abort();
  if (whole.whole && (whole.fields != cut.fields || whole.file_name != cut.file_name ||
                      whole.bytes != cut.bytes)) {
    std::abort();
  }
  return 0;
}
