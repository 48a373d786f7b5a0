// The realms of this cluster: the two built-in ones and those that domains.cfg defines.
//
// `pam` asks the host's PAM, `pve` keeps Argon2id hashes in the store's private tree; both do
// it in executed helpers. Realms of type ldap, ad and openid can be defined, listed and deleted;
// signing in there answers that it is not available.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "access/auth_helper.h"
#include "access/realm.h"
#include "base/section_config.h"
#include "store/mirror.h"

namespace posada::access {

inline constexpr std::string_view realm_definitions_key = "domains.cfg";

// Throws Error `access.realm-definitions` when the text does not define realms: lines that cannot
// be read, unknown types, names twice, secrets (they have no place in the text).
void check_realm_definitions(std::string_view text);

struct RealmSettings {
  std::string pam_folder;  // instead of /etc/pam.d; empty: that
  std::uint32_t argon2_memory_kib = 65536;
  std::uint32_t argon2_passes = 3;
};

class PamRealm final : public Realm {
 public:
  PamRealm(AuthHelper& helper, std::string pam_folder)
      : helper_(helper), pam_folder_(std::move(pam_folder)) {}
  sys::Async<void> authenticate(std::string user, std::string password,
                                std::string address) override;
  sys::Async<std::vector<store::Put>> new_password(std::string user, std::string password) override;

 private:
  json::object question(std::string_view task, const std::string& user,
                        const std::string& password) const;
  AuthHelper& helper_;
  std::string pam_folder_;
};

class PasswordRealm final : public Realm {
 public:
  PasswordRealm(AuthHelper& helper, const store::Mirror& mirror, std::string realm,
                RealmSettings settings)
      : helper_(helper),
        mirror_(mirror),
        realm_(std::move(realm)),
        settings_(std::move(settings)) {}
  sys::Async<void> authenticate(std::string user, std::string password,
                                std::string address) override;
  sys::Async<std::vector<store::Put>> new_password(std::string user, std::string password) override;

 private:
  AuthHelper& helper_;
  const store::Mirror& mirror_;
  std::string realm_;
  RealmSettings settings_;
};

struct RealmDefinitions {
  std::vector<Section> sections;  // the built-in ones are always among them
  std::string digest;             // of the text; callers hand it back with a change
};

class Realms {
 public:
  Realms(AuthHelper& helper, store::Mirror& mirror, RealmSettings settings);

  // Throws Error "domain 'x' does not exist".
  std::shared_ptr<Realm> find(const std::string& realm) const;
  bool exists(std::string_view realm) const;
  // "pam", "pve", "ldap" …; empty when there is no such realm.
  std::string type_of(std::string_view realm) const;

  RealmDefinitions definitions() const;
  // `values` as the API's parameters name them; a secret among them ("password", "client-key",
  // "certkey") goes to the private tree and never into the text.
  sys::Async<void> create(std::string realm, std::string type,
                          std::vector<std::pair<std::string, std::string>> values);
  sys::Async<void> update(std::string realm,
                          std::vector<std::pair<std::string, std::string>> values,
                          std::vector<std::string> erased, std::string digest);
  sys::Async<void> remove(std::string realm);

 private:
  sys::Async<void> write(std::vector<Section> sections, store::Transaction transaction);

  AuthHelper& helper_;
  store::Mirror& mirror_;
  RealmSettings settings_;
};

}  // namespace posada::access
