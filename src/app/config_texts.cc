#include "app/config_texts.h"

#include "access/texts.h"
#include "api/schema.h"
#include "base/text.h"
#include "ct/config.h"
#include "guest/config_text.h"
#include "host/options.h"
#include "vm/config.h"

namespace posada::app {
namespace {

// The guest's number in "nodes/N/qemu-server/100.conf".
GuestId guest_of(std::string_view key) {
  const std::string_view name = key.substr(key.rfind('/') + 1);
  const std::optional<std::int64_t> number = to_integer(name.substr(0, name.find('.')));
  if (!number || *number < 100 || *number > 999'999'999) {
    throw Error::failed("text.malformed", std::string(key) + ": guest numbers go from 100 to 999999999");
  }
  return GuestId{static_cast<std::uint32_t>(*number)};
}

store::Texts::Grammar guest_grammar(std::string pattern, GuestKind kind,
                                    const guest::Grammar& grammar,
                                    const guest::Registry& registry,
                                    access::Directory& directory) {
  store::Texts::Grammar entry;
  entry.pattern = std::move(pattern);
  entry.check = [&grammar](std::string_view key, std::string_view text) {
    guest::parse_config(text, grammar, guest_of(key), guest::Strictness::strict);
  };
  // A guest's number is claimed and given up together with its text.
  entry.accompany = [kind, &registry](std::string_view key, const std::optional<std::string>& text,
                                      store::Transaction& transaction) {
    const std::vector<std::string> parts = split(key, '/');
    registry.accompany_text(guest_of(key), kind, parts.at(1), text.has_value(), transaction);
  };
  entry.forget = [&directory](std::string key) { return directory.forget_guest(guest_of(key)); };
  return entry;
}

Members parameters_of(const std::vector<std::string>& path) {
  return api::find_route(api::Verb::put, path).method->parameters;
}

}  // namespace

Members datacenter_settings() { return parameters_of({"cluster", "options"}); }
Members node_settings() { return parameters_of({"nodes", "n", "config"}); }

void register_texts(store::Texts& texts, access::Directory& directory,
                    storage::Storages& storages, const guest::Registry& registry) {
  access::register_texts(texts, directory);
  storages.register_texts(texts);
  host::register_option_text(texts, "datacenter.cfg", datacenter_settings());
  host::register_option_text(texts, "nodes/*/config", node_settings());
  texts.add(guest_grammar("nodes/*/qemu-server/*.conf", GuestKind::vm, vm::grammar(), registry,
                          directory));
  texts.add(guest_grammar("nodes/*/lxc/*.conf", GuestKind::container, ct::grammar(), registry,
                          directory));
}

}  // namespace posada::app
