#include "app/cli/certificates.h"

#include <cstdio>

#include "app/cli/client.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/named_file.h"

namespace posada::app {
namespace {

std::string text_of_file(const std::string& path) {
  return sys::read_descriptor(sys::open_for_reading(path));
}

}  // namespace

int certificate_set(Client& client, const json::object& words) {
  json::object request{
      {"certificates", text_of_file(text_member(words, "certificates").value_or(""))}};
  if (const auto key = text_member(words, "key")) request["key"] = text_of_file(*key);
  if (words.contains("force")) request["force"] = 1;
  CallResult result = client.call(
      api::Verb::post, {"nodes", client.node(), "certificates", "custom"}, std::move(request));
  std::printf("The node shows this certificate now; its fingerprint is\n%s\n",
              text_of(result.data().at("fingerprint")).c_str());
  return 0;
}

}  // namespace posada::app
