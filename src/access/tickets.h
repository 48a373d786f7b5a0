// Tickets: short-lived, signed proofs of a sign-in that clients carry in a cookie, the CSRF tokens
// that go with them, and the one-time tickets of consoles.
//
//   PVE:max@pve:6745A0F1::<base64 of key id and signature>        two hours
//   6745A0F1:<base64 of an HMAC over time and user>               two hours
//   <8 characters>:PVEVNC:6745A0F1::<base64>                      forty seconds, one use
//
// Clients match the shape and nothing else; the signature is Ed25519. A signature made with the
// previous key counts only for tickets from before the current one. Says nothing about whether the
// user still exists: that is the Authenticator's business. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "access/signing_key.h"
#include "base/ids.h"
#include "sys/clock.h"

namespace posada::access {

struct TicketKeys {
  SigningKey current;
  std::optional<SigningKey> previous;
  std::string csrf_secret;
  bool operator==(const TicketKeys&) const = default;
};

inline constexpr std::int64_t ticket_lifetime_seconds = 2 * 60 * 60;
inline constexpr std::int64_t ticket_skew_seconds = 5 * 60;
inline constexpr std::int64_t key_rotation_seconds = 24 * 60 * 60;

struct ConsoleTicket {
  std::string ticket;
  std::string password;  // its first eight characters: the VNC password
};

// What a console ticket is bound to.
struct ConsoleTarget {
  Identity identity;
  std::string path;  // "/vms/100"
  int port = 0;
};

class Tickets {
 public:
  explicit Tickets(const sys::Clock& clock) : clock_(clock) {}

  // Until the first call nothing can be signed (Error `access.no-keys`) and nothing verifies.
  void use_keys(TicketKeys keys) { keys_ = std::move(keys); }

  std::string make(std::string_view user) const;
  // The user, when the ticket is genuine and of the last two hours.
  std::optional<std::string> user_of(std::string_view ticket) const;

  std::string make_csrf(std::string_view user) const;
  bool is_csrf_of(std::string_view token, std::string_view user) const;

  ConsoleTicket make_console(const ConsoleTarget& target) const;
  bool is_console_ticket(std::string_view ticket, const ConsoleTarget& target) const;
  // As above, and never again true for this ticket.
  bool use_console_ticket(std::string_view ticket, const ConsoleTarget& target);

 private:
  const TicketKeys& keys() const;
  std::string seal(std::string_view data, std::string_view bound) const;
  // Time of a sealed text `DATA:TIME::SIGNATURE` when its signature is good.
  std::optional<std::int64_t> sealed_time(std::string_view sealed, std::string_view prefix,
                                          std::string_view bound) const;

  const sys::Clock& clock_;
  std::optional<TicketKeys> keys_;
  std::map<std::string, std::int64_t, std::less<>> used_consoles_;  // ticket → made when
};

}  // namespace posada::access
