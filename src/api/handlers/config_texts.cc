// The texts behind `posada config`: root's only.
#include "api/handlers/handlers.h"
#include "api/request/posada.h"
#include "store/texts.h"

namespace posada::api {
namespace {

sys::Async<Answer> list_texts(Call& call, posada::ListTexts) {
  json::array keys;
  for (std::string& key : call.services.texts->keys()) keys.push_back(json::value(std::move(key)));
  co_return Answer(json::value(std::move(keys)));
}

sys::Async<Answer> read_text(Call& call, posada::ReadText request) {
  const ::posada::store::Texts::Text text = call.services.texts->get(request.key);
  co_return json::object{{"text", text.text}, {"digest", text.digest}};
}

sys::Async<Answer> write_text(Call& call, posada::WriteText request) {
  co_await call.services.texts->put(request.key, request.text, request.digest.value_or(""));
  co_return Answer();
}

sys::Async<Answer> import_texts(Call& call, posada::ImportTexts request) {
  boost::system::error_code error;
  const json::value parsed = json::parse(request.texts, error);
  if (error || !parsed.is_object()) {
    throw Error::parameter("texts", "is no JSON object of texts by their keys");
  }
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : parsed.get_object()) {
    if (!value.is_string()) throw Error::parameter("texts", std::string(key) + " is no text");
    texts[key] = value.get_string();
  }
  co_await call.services.texts->import_all(std::move(texts));
  co_return Answer();
}

}  // namespace

void register_config_texts(Router& router) {
  router.on<posada::ListTexts>(list_texts);
  router.on<posada::ReadText>(read_text);
  router.on<posada::WriteText>(write_text);
  router.on<posada::ImportTexts>(import_texts);
}

}  // namespace posada::api
