#include "access/realms.h"

#include <algorithm>
#include <array>

#include "access/identifiers.h"
#include "access/records.h"
#include "access/sign_in_error.h"
#include "access/user_config.h"
#include "base/digest.h"
#include "sys/log.h"

namespace posada::access {
namespace {

constexpr std::array secret_values = {"password", "client-key", "certkey"};
constexpr std::array known_types = {"ad", "ldap", "openid", "pam", "pve"};

bool is_builtin(std::string_view realm) {
  return realm == "pam" || realm == "pve";
}

SectionRules rules() {
  return {.is_flag = [](std::string_view) { return false; },
          .is_required = [](std::string_view, std::string_view) { return false; },
          .is_array = [](std::string_view) { return false; }};
}

std::string secret_key(const std::string& realm, std::string_view name) {
  return "priv/realm/" + realm + "/" + std::string(name);
}

bool is_secret(std::string_view name) {
  return std::find(secret_values.begin(), secret_values.end(), name) != secret_values.end();
}

Section* find_section(std::vector<Section>& sections, std::string_view realm) {
  const auto found = std::find_if(sections.begin(), sections.end(),
                                  [&](const Section& section) { return section.id == realm; });
  return found == sections.end() ? nullptr : &*found;
}

bool is_known_type(std::string_view type) {
  return std::find(known_types.begin(), known_types.end(), type) != known_types.end();
}

// A value that ends its line would write lines of its own into the text.
void check_values(const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
    if (!is_secret(name) && std::any_of(value.begin(), value.end(), is_control)) {
      throw Error::parameter(name, "value may not hold line breaks or other control characters");
    }
  }
}

// At most one realm is the one that the sign-in page offers first.
void keep_one_default(std::vector<Section>& sections, const Section& changed) {
  const std::string* wanted = changed.find("default");
  if (wanted == nullptr || *wanted != "1") return;
  for (Section& section : sections) {
    if (section.id != changed.id) section.erase("default");
  }
}

class UnavailableRealm final : public Realm {
 public:
  UnavailableRealm(std::string realm, std::string type)
      : realm_(std::move(realm)), type_(std::move(type)) {}
  sys::Async<void> authenticate(std::string, std::string, std::string) override {
    throw Error(ErrorKind::not_implemented, "access.realm-unavailable",
                "sign-in with realm '" + realm_ + "' (" + type_ + ") is not available yet",
                {{"realm", realm_}, {"type", type_}});
    co_return;
  }
  sys::Async<std::vector<store::Put>> new_password(std::string, std::string) override {
    throw Error::failed("access.no-password", "can't set password on auth type '" + type_ + "'");
    co_return std::vector<store::Put>{};
  }

 private:
  std::string realm_;
  std::string type_;
};

}  // namespace

void check_realm_definitions(std::string_view text) {
  const auto refuse = [](std::string why) {
    throw Error::failed("access.realm-definitions", std::move(why));
  };
  std::vector<std::string> warnings;
  const std::vector<Section> sections = parse_sections(text, rules(), &warnings);
  if (!warnings.empty()) refuse(warnings.front());
  Names seen;
  for (const Section& section : sections) {
    if (!is_known_type(section.type)) refuse("realm type '" + section.type + "' is not known");
    if (!is_realm_name(section.id)) refuse("'" + section.id + "' is not a realm's name");
    if (!seen.insert(section.id).second) refuse("realm '" + section.id + "' stands there twice");
    if (is_builtin(section.id) != is_builtin(section.type) ||
        (is_builtin(section.id) && section.id != section.type)) {
      refuse("realm '" + section.id + "' cannot be of type '" + section.type + "'");
    }
    for (const auto& [name, unused] : section.values) {
      if (is_secret(name)) refuse("'" + name + "' is a secret and does not belong in this text");
    }
  }
}

json::object PamRealm::question(std::string_view task, const std::string& user,
                                const std::string& password) const {
  json::object question{{"task", task}, {"user", user}, {"password", password}};
  if (!pam_folder_.empty()) question["folder"] = pam_folder_;
  return question;
}

sys::Async<void> PamRealm::authenticate(std::string user, std::string password,
                                        std::string address) {
  json::object asked = question("pam-check", user, password);
  asked["address"] = address;
  const json::object answer = co_await helper_.ask(std::move(asked));
  if (answer.at("ok").as_bool()) co_return;
  sys::log_info("PAM refuses {}: {}", user, text_member(answer, "reason").value_or(""));
  throw sign_in_failed("access.wrong-password");
}

sys::Async<std::vector<store::Put>> PamRealm::new_password(std::string user, std::string password) {
  const json::object answer = co_await helper_.ask(question("pam-change", user, password));
  if (!answer.at("ok").as_bool()) {
    throw Error::failed("access.password-refused",
                        "the host does not take the new password of '" + user +
                            "': " + text_member(answer, "reason").value_or("no reason given"));
  }
  co_return std::vector<store::Put>{};
}

sys::Async<void> PasswordRealm::authenticate(std::string user, std::string password, std::string) {
  const store::Entry* entry = mirror_.find(shadow_key(user + "@" + realm_));
  if (entry == nullptr) throw sign_in_failed("access.no-password");
  json::object question{{"task", "check-hash"}, {"password", password}, {"hash", entry->value}};
  const json::object answer = co_await helper_.ask(std::move(question));
  if (!answer.at("ok").as_bool()) throw sign_in_failed("access.wrong-password");
}

sys::Async<std::vector<store::Put>> PasswordRealm::new_password(std::string user,
                                                                std::string password) {
  json::object question{{"task", "hash"},
                        {"password", password},
                        {"memory_kib", settings_.argon2_memory_kib},
                        {"passes", settings_.argon2_passes}};
  const json::object answer = co_await helper_.ask(std::move(question));
  const auto hash = text_member(answer, "hash");
  if (!answer.at("ok").as_bool() || !hash) {
    throw Error::failed("access.helper-failed",
                        "the password cannot be hashed: " +
                            text_member(answer, "reason").value_or("no reason given"));
  }
  std::vector<store::Put> puts;
  puts.push_back({shadow_key(user + "@" + realm_), *hash});
  co_return puts;
}

Realms::Realms(AuthHelper& helper, store::Mirror& mirror, RealmSettings settings)
    : helper_(helper), mirror_(mirror), settings_(std::move(settings)) {}

RealmDefinitions Realms::definitions() const {
  RealmDefinitions result;
  const store::Entry* entry = mirror_.find(realm_definitions_key);
  const std::string text = entry == nullptr ? "" : entry->value;
  result.digest = sha1_hex(text);
  result.sections = parse_sections(text, rules());
  const auto add = [&](const char* realm, const char* comment) {
    if (find_section(result.sections, realm) != nullptr) return;
    result.sections.push_back({realm, realm, {{"comment", comment}}});
  };
  add("pam", "Linux PAM standard authentication");
  add("pve", "Posada authentication server");
  return result;
}

std::string Realms::type_of(std::string_view realm) const {
  RealmDefinitions all = definitions();
  const Section* section = find_section(all.sections, realm);
  return section == nullptr ? "" : section->type;
}

bool Realms::exists(std::string_view realm) const {
  return !type_of(realm).empty();
}

std::shared_ptr<Realm> Realms::find(const std::string& realm) const {
  const std::string type = type_of(realm);
  if (type.empty()) {
    throw Error::failed("access.no-realm", "domain '" + realm + "' does not exist");
  }
  if (type == "pam") return std::make_shared<PamRealm>(helper_, settings_.pam_folder);
  if (type == "pve") {
    return std::make_shared<PasswordRealm>(helper_, mirror_, realm, settings_);
  }
  return std::make_shared<UnavailableRealm>(realm, type);
}

sys::Async<void> Realms::write(std::vector<Section> sections, store::Transaction transaction) {
  const store::Entry* entry = mirror_.find(realm_definitions_key);
  const std::string key(realm_definitions_key);
  if (entry == nullptr) {
    transaction.require_absent(key);
  } else {
    transaction.require_modified(key, entry->modified);
  }
  transaction.put(key, write_sections(sections, rules()));
  co_await mirror_.commit(std::move(transaction));
}

sys::Async<void> Realms::create(std::string realm, std::string type,
                                std::vector<std::pair<std::string, std::string>> values) {
  const auto refuse = [](std::string why) {
    return Error::failed("access.realm-refused", "add auth server failed: " + why);
  };
  std::vector<Section> sections = definitions().sections;
  if (find_section(sections, realm) != nullptr) {
    throw refuse("domain '" + realm + "' already exists");
  }
  check_values(values);
  if (!is_known_type(type)) {
    throw refuse("realm type '" + type + "' is not known");
  }
  if (is_builtin(type)) throw refuse("unable to create builtin type '" + type + "'");
  Section section{type, realm, {}};
  store::Transaction transaction;
  for (const auto& [name, value] : values) {
    if (is_secret(name)) {
      transaction.put(secret_key(realm, name), value);
    } else {
      section.set(name, value);
    }
  }
  keep_one_default(sections, section);
  sections.push_back(std::move(section));
  co_await write(std::move(sections), std::move(transaction));
}

sys::Async<void> Realms::update(std::string realm,
                                std::vector<std::pair<std::string, std::string>> values,
                                std::vector<std::string> erased, std::string digest) {
  check_values(values);
  RealmDefinitions all = definitions();
  if (!digest.empty() && digest != all.digest) {
    throw Error::failed("store.conflict",
                        "update auth server failed: detected modified configuration - file "
                        "changed by other user? Try again.");
  }
  Section* section = find_section(all.sections, realm);
  if (section == nullptr) {
    throw Error::failed("access.no-realm",
                        "update auth server failed: domain '" + realm + "' does not exist");
  }
  if (values.empty() && erased.empty()) {
    throw Error::failed("access.nothing", "update auth server failed: no options specified");
  }
  store::Transaction transaction;
  for (const std::string& name : erased) {
    section->erase(name);
    if (is_secret(name)) transaction.erase(secret_key(realm, name));
  }
  for (const auto& [name, value] : values) {
    if (!is_secret(name)) {
      section->set(name, value);
    } else if (std::find(erased.begin(), erased.end(), name) == erased.end()) {
      transaction.put(secret_key(realm, name), value);
    }
  }
  keep_one_default(all.sections, Section(*section));
  co_await write(std::move(all.sections), std::move(transaction));
}

sys::Async<void> Realms::remove(std::string realm) {
  std::vector<Section> sections = definitions().sections;
  if (find_section(sections, realm) == nullptr) {
    throw Error::failed("access.no-realm", "delete auth server failed: authentication domain '" +
                                               realm + "' does not exist");
  }
  if (is_builtin(realm)) {
    throw Error::failed("access.realm-built-in",
                        "delete auth server failed: realm '" + realm + "' cannot be deleted");
  }
  std::erase_if(sections, [&](const Section& section) { return section.id == realm; });
  store::Transaction transaction;
  for (const char* name : secret_values) transaction.erase(secret_key(realm, name));
  co_await write(std::move(sections), std::move(transaction));
}

}  // namespace posada::access
