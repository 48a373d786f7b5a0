#include "access/authenticator.h"

#include "access/identifiers.h"
#include "access/sign_in_error.h"
#include "sys/log.h"

namespace posada::access {
namespace {

// The text after `PVEAPIToken=`: USER@REALM!TOKEN=SECRET.
std::optional<std::pair<Identity, std::string_view>> split_api_token(std::string_view text) {
  // Neither a token's id nor its secret holds a '=', a user's name may.
  const std::size_t mark = text.rfind('=');
  if (mark == std::string_view::npos) return std::nullopt;
  auto identity = parse_identity(text.substr(0, mark));
  if (!identity || identity->token.empty()) return std::nullopt;
  return std::pair(std::move(*identity), text.substr(mark + 1));
}

}  // namespace

bool Authenticator::is_usable(const Identity& identity) const {
  const UserConfig& config = parts_.directory.config();
  const std::int64_t now = parts_.clock.wall_seconds();
  const auto user = config.find_user(identity.user);
  if (!user || !user->enabled || (user->expires != 0 && user->expires <= now)) return false;
  if (identity.token.empty()) return true;
  const Token* token = config.find_token(identity.user, identity.token);
  return token != nullptr && (token->expires == 0 || token->expires > now);
}

Identity Authenticator::identify(const Credential& credential, bool needs_csrf) const {
  if (!credential.ticket.empty()) {
    // Half a sign-in is none.
    if (credential.ticket.starts_with("PVE:!tfa!")) throw no_ticket();
    const auto user = parts_.tickets.user_of(credential.ticket);
    if (!user || !is_usable({*user, {}})) throw bad_credential();
    if (needs_csrf && !parts_.tickets.is_csrf_of(credential.csrf, *user)) throw bad_csrf();
    return {*user, {}};
  }
  if (credential.api_token.empty()) throw no_ticket();
  const auto token = split_api_token(credential.api_token);
  if (!token || !parts_.directory.is_token_secret(token->first, token->second) ||
      !is_usable(token->first)) {
    throw bad_credential();
  }
  return token->first;
}

sys::Async<void> Authenticator::check_password(SignIn request) {
  const auto name = parse_user_id(request.user);
  if (!name) throw sign_in_failed("access.no-user");
  parts_.guard.admit(request.user, request.address);
  if (!is_usable({request.user, {}})) throw sign_in_failed("access.no-user");
  if (request.password.empty() || !parts_.realms.exists(name->realm)) {
    throw sign_in_failed("access.no-password");
  }
  const std::shared_ptr<Realm> realm = parts_.realms.find(name->realm);
  co_await realm->authenticate(name->name, request.password, request.address);
  // It may have been disabled while the realm was asked.
  if (!is_usable({request.user, {}})) throw sign_in_failed("access.no-user");
  parts_.guard.succeeded(request.user, request.address);
}

sys::Async<Session> Authenticator::sign_in(SignIn request) {
  co_await parts_.keys.renew_if_due();
  const std::string user = request.user;
  const std::string address = request.address;
  try {
    const auto holder = parts_.tickets.user_of(request.password);
    const bool renews = holder && is_usable({*holder, {}}) && is_usable({user, {}}) &&
                        (*holder == user || *holder == root_user);
    if (!renews) co_await check_password(std::move(request));
  } catch (const Error& error) {
    sys::log_warning("sign-in of '{}' from {} refused: {}", user, address, error.code());
    throw;
  }
  sys::log_info("'{}' signed in from {}", user, address);
  co_return Session{user, parts_.tickets.make(user), parts_.tickets.make_csrf(user)};
}

sys::Async<void> Authenticator::verify(SignIn request, std::string path, PrivilegeList privileges) {
  const auto normalized = normalize_acl_path(path);
  const Identity identity{request.user, {}};
  const auto holder = parts_.tickets.user_of(request.password);
  if (!(holder == request.user && is_usable(identity))) {
    co_await check_password(std::move(request));
  }
  if (!normalized || privileges.size() == 0 ||
      !parts_.permissions.may(identity, *normalized, privileges)) {
    throw sign_in_failed("access.no-permission");
  }
}

void Authenticator::verify_console(const ConsoleTarget& target, std::string_view ticket,
                                   const PrivilegeList& privileges) const {
  const auto path = normalize_acl_path(target.path);
  const bool good = path && is_usable(target.identity) &&
                    parts_.tickets.is_console_ticket(ticket, target) && privileges.size() > 0 &&
                    parts_.permissions.may(target.identity, *path, privileges);
  if (!good) throw sign_in_failed("access.bad-console-ticket");
}

sys::Async<void> Authenticator::confirm_password(std::string user, std::string password,
                                                 std::string address) {
  co_await check_password({std::move(user), std::move(password), std::move(address)});
}

}  // namespace posada::access
