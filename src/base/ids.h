// Identifiers that users see. Each is a type of its own, so that one cannot be passed for another.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace posada {

// A guest's number, 100 … 999999999 (VMs and containers share one space).
struct GuestId {
  std::uint32_t number = 0;
  auto operator<=>(const GuestId&) const = default;
  std::string text() const { return std::to_string(number); }
};

enum class GuestKind { vm, container };
// "qemu" | "lxc", as in paths and resource ids.
constexpr std::string_view path_name(GuestKind kind) {
  return kind == GuestKind::vm ? "qemu" : "lxc";
}

// A user ("root@pam") or one of its API tokens ("root@pam!backup").
struct Identity {
  std::string user;   // with realm
  std::string token;  // token id without the user; empty for the user itself
  auto operator<=>(const Identity&) const = default;
  std::string text() const { return token.empty() ? user : user + "!" + token; }
  bool is_root() const { return user == "root@pam" && token.empty(); }
};

}  // namespace posada

template <>
struct std::hash<posada::GuestId> {
  std::size_t operator()(const posada::GuestId& id) const noexcept {
    return std::hash<std::uint32_t>{}(id.number);
  }
};
