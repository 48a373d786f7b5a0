#include "access/texts.h"

#include "access/realms.h"
#include "access/user_config_text.h"

namespace posada::access {

void register_texts(store::Texts& texts, Directory& directory) {
  texts.add(store::Texts::View{
      .key = "user.cfg",
      .text = [&directory] { return directory.text(); },
      .check = [](std::string_view, std::string_view text) { check_user_config(text); },
      .put = [&directory](std::string text) { return directory.put_text(std::move(text)); }});
  texts.add(store::Texts::Grammar{
      .pattern = std::string(realm_definitions_key),
      .check = [](std::string_view, std::string_view text) { check_realm_definitions(text); },
      .accompany = {}});
}

}  // namespace posada::access
