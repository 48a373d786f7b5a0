// Settings kept as `key: value` lines, with a description in `#` lines before them: those of the
// data center (datacenter.cfg) and of a node (nodes/NODE/config). The keys and what they may hold
// are the parameters of the API's calls that set them. They lie in the store as texts: a change is
// checked as a whole, keeps the versions before it, and loses nothing that somebody else wrote in
// between.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/rule.h"
#include "store/texts.h"

namespace posada::host {

struct OptionLines {
  std::string description;
  std::map<std::string, std::string, std::less<>> values;
};
// Throws Error::failed with argument "line" for a line that is none of the two.
OptionLines parse_options(std::string_view text);
std::string print_options(const OptionLines& options);

class Options {
 public:
  // `key` of the text; `members` are the settings, among which `node`, `delete` and `digest` are
  // none.
  Options(store::Texts& texts, store::Mirror& mirror, std::string key, Members members);

  // By key, typed as declared, property strings as they stand; `description` only when there is
  // one. Empty when nothing was ever set.
  json::object values() const;
  std::string text() const;
  std::string digest() const;  // sha1 of the text
  // `set` holds values of the declared types. Throws Error::parameter("delete", …) for an unknown
  // key and Error `text.changed` when `digest`, if any, is not the present one.
  sys::Async<void> change(json::object set, std::vector<std::string> unset, std::string digest);

 private:
  store::Texts& texts_;
  store::Mirror& mirror_;
  std::string key_;
  Members members_;
};

// The grammar of texts whose keys match `pattern` ("nodes/*/config").
void register_option_text(store::Texts& texts, std::string pattern, Members members);

// A declared property string as an object with typed members; `text` itself when it is malformed.
json::value property_object(std::string_view format, std::string_view text);

}  // namespace posada::host
