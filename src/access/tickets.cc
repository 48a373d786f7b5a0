#include "access/tickets.h"

#include <charconv>

#include <fmt/format.h>

#include "access/identifiers.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::access {
namespace {

constexpr std::int64_t console_lifetime_seconds = 40;
constexpr std::int64_t console_skew_seconds = 20;
constexpr std::size_t console_password_bytes = 8;
constexpr std::size_t key_id_bytes = 4;
constexpr std::size_t max_ticket_bytes = 1024;

std::optional<std::int64_t> parse_time(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, 16);
  if (text.size() != 8 || error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

std::string time_text(std::int64_t seconds) {
  return fmt::format("{:08X}", static_cast<std::uint32_t>(seconds));
}

bool is_within(std::int64_t age, std::int64_t skew, std::int64_t lifetime) {
  return age > -skew && age < lifetime;
}

// The signature covers the kind of ticket and every part with its length, so that no two
// different tickets have the same signed text.
std::string signed_text(std::string_view data, std::string_view time, std::string_view bound) {
  return fmt::format("{}:{}:{}:{}:{}:{}", data.size(), data, time.size(), time, bound.size(),
                     bound);
}

std::string bound_text(std::string_view password, const ConsoleTarget& target) {
  return fmt::format("{}\n{}\n{}\n{}", password, target.identity.text(), target.path, target.port);
}

// Eight characters of 36: VNC's password has no more than eight bytes.
std::string make_password() {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr unsigned usable = 252;  // a multiple of 36: every character is equally likely
  std::string password;
  while (password.size() < console_password_bytes) {
    for (const char c : sys::random_bytes(16)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < usable && password.size() < console_password_bytes) {
        password += alphabet[byte % alphabet.size()];
      }
    }
  }
  return password;
}

}  // namespace

const TicketKeys& Tickets::keys() const {
  if (!keys_) throw Error::failed("access.no-keys", "the keys for tickets are not loaded yet");
  return *keys_;
}

std::string Tickets::seal(std::string_view data, std::string_view bound) const {
  const SigningKey& key = keys().current;
  const std::string time = time_text(clock_.wall_seconds());
  const std::string signature = sign(key, signed_text(data, time, bound));
  return fmt::format("{}:{}::{}", data, time, base64(key.id + signature));
}

std::optional<std::int64_t> Tickets::sealed_time(std::string_view sealed, std::string_view prefix,
                                                 std::string_view bound) const {
  if (!keys_ || sealed.size() > max_ticket_bytes || !sealed.starts_with(prefix)) {
    return std::nullopt;
  }
  const std::size_t mark = sealed.find("::");
  if (mark == std::string_view::npos) return std::nullopt;
  const std::size_t colon = sealed.rfind(':', mark - 1);
  if (mark == 0 || colon == std::string_view::npos) return std::nullopt;
  const std::string_view data = sealed.substr(0, colon);
  const std::string_view stamp = sealed.substr(colon + 1, mark - colon - 1);
  const auto time = parse_time(stamp);
  const auto proof = from_base64(sealed.substr(mark + 2));
  if (!time || !proof || proof->size() <= key_id_bytes) return std::nullopt;

  const std::string_view id = std::string_view(*proof).substr(0, key_id_bytes);
  const SigningKey* key = nullptr;
  if (id == keys_->current.id) {
    key = &keys_->current;
  } else if (keys_->previous && id == keys_->previous->id &&
             *time <= keys_->current.created + ticket_skew_seconds) {
    key = &*keys_->previous;
  }
  if (key == nullptr) return std::nullopt;
  const std::string_view signature = std::string_view(*proof).substr(key_id_bytes);
  if (!verify(*key, signed_text(data, stamp, bound), signature)) return std::nullopt;
  return time;
}

std::string Tickets::make(std::string_view user) const {
  return seal("PVE:" + encode_text(user), {});
}

std::optional<std::string> Tickets::user_of(std::string_view ticket) const {
  const auto time = sealed_time(ticket, "PVE:", {});
  if (!time) return std::nullopt;
  const std::int64_t age = clock_.wall_seconds() - *time;
  if (!is_within(age, ticket_skew_seconds, ticket_lifetime_seconds)) return std::nullopt;
  const std::size_t end = ticket.rfind(':', ticket.find("::") - 1);
  std::string user = decode_percent(ticket.substr(4, end - 4));
  // Tickets that stand for half a sign-in ("!tfa!…") name no user.
  if (!parse_user_id(user) || user.starts_with("!tfa!")) return std::nullopt;
  return user;
}

std::string Tickets::make_csrf(std::string_view user) const {
  const std::string time = time_text(clock_.wall_seconds());
  return time + ":" + base64(hmac_sha256(keys().csrf_secret, signed_text("CSRF", time, user)));
}

bool Tickets::is_csrf_of(std::string_view token, std::string_view user) const {
  if (!keys_ || token.size() > max_ticket_bytes || token.size() < 9 || token[8] != ':') {
    return false;
  }
  const std::string_view stamp = token.substr(0, 8);
  const auto time = parse_time(stamp);
  const auto proof = from_base64(token.substr(9));
  if (!time || !proof) return false;
  const std::string expected = hmac_sha256(keys_->csrf_secret, signed_text("CSRF", stamp, user));
  return equal_constant_time(*proof, expected) &&
         is_within(clock_.wall_seconds() - *time, ticket_skew_seconds, ticket_lifetime_seconds);
}

ConsoleTicket Tickets::make_console(const ConsoleTarget& target) const {
  const std::string password = make_password();
  return {password + ":" + seal("PVEVNC", bound_text(password, target)), password};
}

bool Tickets::is_console_ticket(std::string_view ticket, const ConsoleTarget& target) const {
  if (ticket.size() <= console_password_bytes || ticket[console_password_bytes] != ':') {
    return false;
  }
  const std::string_view password = ticket.substr(0, console_password_bytes);
  const auto time = sealed_time(ticket.substr(console_password_bytes + 1),
                                "PVEVNC:", bound_text(password, target));
  return time &&
         is_within(clock_.wall_seconds() - *time, console_skew_seconds, console_lifetime_seconds);
}

bool Tickets::use_console_ticket(std::string_view ticket, const ConsoleTarget& target) {
  const std::int64_t now = clock_.wall_seconds();
  std::erase_if(used_consoles_, [now](const auto& used) {
    return now - used.second > console_lifetime_seconds + console_skew_seconds;
  });
  if (!is_console_ticket(ticket, target)) return false;
  return used_consoles_.emplace(std::string(ticket), now).second;
}

}  // namespace posada::access
