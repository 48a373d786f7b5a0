#include "app/first_run.h"

#include "base/text.h"
#include "sys/file.h"
#include "sys/log.h"

namespace posada::app {
namespace {

constexpr const char* administrator = "admin@pve";

// 20 characters that nobody takes for one another.
std::string random_password() {
  constexpr std::string_view letters = "abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY2346789";
  std::string password;
  while (password.size() < 20) {
    for (const char byte : sys::random_bytes(32)) {
      const auto place = static_cast<unsigned char>(byte) & 63U;
      if (place < letters.size() && password.size() < 20) password += letters[place];
    }
  }
  return password;
}

std::string url_of(const Settings& settings) {
  const bool any = settings.address.empty() || settings.address == "0.0.0.0" ||
                   settings.address == "::" || settings.address == "127.0.0.1";
  const bool version6 = settings.address.find(':') != std::string::npos;
  const std::string host = any        ? "localhost"
                           : version6 ? "[" + settings.address + "]"
                                      : settings.address;
  return "https://" + host + ":" + std::to_string(settings.port);
}

}  // namespace

void refresh_credentials(const Settings& settings, const std::string& fingerprint) {
  const auto old = sys::read_file_if_exists(settings.credentials());
  if (!old) return;
  std::string text;
  for (const std::string& line : split(*old, '\n')) {
    if (line.empty()) continue;
    if (line.starts_with("url=")) {
      text += "url=" + url_of(settings) + "\n";
    } else if (line.starts_with("fingerprint=")) {
      text += "fingerprint=" + fingerprint + "\n";
    } else {
      text += line + "\n";
    }
  }
  if (text != *old) sys::write_file(settings.credentials(), text, 0600);
}

sys::Async<void> first_run(const Settings& settings, access::Directory& directory,
                           access::Realms& realms, std::string fingerprint) {
  if (sys::exists(settings.credentials())) {
    refresh_credentials(settings, fingerprint);
    co_return;
  }
  const bool known = directory.config().users.contains(std::string_view(administrator));
  const std::string password = random_password();
  std::vector<store::Put> secrets = co_await realms.find("pve")->new_password("admin", password);
  if (known) {
    co_await directory.write_secrets(administrator, std::move(secrets));
  } else {
    access::UserChange user;
    user.enabled = true;
    user.comment = "Administrator made on the first start";
    co_await directory.create_user(administrator, std::move(user), std::move(secrets));
  }
  access::AclChange everything;
  everything.path = "/";
  everything.roles = {"Administrator"};
  everything.holders = {access::AclHolder::parse(administrator)};
  co_await directory.update_acl(std::move(everything));

  const Identity token{administrator, "first"};
  std::string secret;
  if (directory.config().find_token(token.user, token.token)) {
    secret = co_await directory.renew_token(token);
  } else {
    access::TokenChange change;
    change.separated = false;
    change.comment = "Made on the first start; see the file `credentials`";
    secret = co_await directory.create_token(token, std::move(change));
  }
  sys::write_file(settings.credentials(),
                  "url=" + url_of(settings) + "\nuser=" + administrator + "\npassword=" + password +
                      "\ntoken=" + token.text() + "=" + secret + "\nfingerprint=" + fingerprint +
                      "\n",
                  0600);
  sys::log_info("made the administrator {}; see {}", administrator, settings.credentials());
}

}  // namespace posada::app
