// Who sent this request? Tells identities from credentials, and makes credentials from passwords.
//
// Every refusal is one of those in sign_in_error.h, whatever its reason, so that nobody learns
// which users exist; the reason goes to the log. Asks realms, tickets, the directory and the guard;
// decides nothing about what an identity may do.
#pragma once

#include <string>
#include <string_view>

#include "access/directory.h"
#include "access/permissions.h"
#include "access/realms.h"
#include "access/sign_in_guard.h"
#include "access/ticket_keys.h"
#include "access/tickets.h"
#include "base/frames.h"

namespace posada::access {

struct SignIn {
  std::string user;      // with realm
  std::string password;  // or a valid ticket
  std::string address;   // of the client
};

// What a sign-in gives.
struct Session {
  std::string user;
  std::string ticket;
  std::string csrf;
};

class Authenticator {
 public:
  struct Parts {
    Directory& directory;
    Permissions& permissions;
    Realms& realms;
    Tickets& tickets;
    TicketKeyKeeper& keys;
    SignInGuard& guard;
    const sys::Clock& clock;
  };
  explicit Authenticator(Parts parts) : parts_(parts) {}

  // The identity behind a request's credential. A ticket goes before a token. `needs_csrf`: the
  // method changes something (all but GET), and the call is no upload.
  Identity identify(const Credential& credential, bool needs_csrf) const;

  // Checks the password and makes a ticket. A valid ticket of the same user in place of the
  // password renews it; root@pam's makes one for anybody.
  sys::Async<Session> sign_in(SignIn request);
  // As sign_in, but makes nothing: is the password right, and has the user these privileges on the
  // path?
  sys::Async<void> verify(SignIn request, std::string path, PrivilegeList privileges);
  // Is the console ticket good, and has the identity these privileges on the path?
  void verify_console(const ConsoleTarget& target, std::string_view ticket,
                      const PrivilegeList& privileges) const;
  // The password of a user who is signed in already, asked for again before a sensitive change.
  sys::Async<void> confirm_password(std::string user, std::string password, std::string address);

  // Exists, enabled, not expired?
  bool is_usable(const Identity& identity) const;

 private:
  sys::Async<void> check_password(SignIn request);

  Parts parts_;
};

}  // namespace posada::access
