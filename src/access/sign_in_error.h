// The refusals of sign-in and of credentials, with the exact sentences that clients match. They
// tell a client nothing about why; `code()` does, for the log.
#pragma once

#include <string>

#include "base/error.h"

namespace posada::access {

// 401 `authentication failure`, for a sign-in whatever its fault was.
inline Error sign_in_failed(std::string code) {
  return {ErrorKind::unauthenticated, std::move(code), "authentication failure"};
}

// A request without a credential that counts: 401 `No ticket`. Like the two below its answer has no
// body.
inline Error no_ticket() {
  return {ErrorKind::unauthenticated, "access.no-ticket", "No ticket"};
}
inline Error bad_credential() {
  return {ErrorKind::unauthenticated, "access.bad-credential", "Authentication failed!"};
}
inline Error bad_csrf() {
  return {ErrorKind::unauthenticated, "access.bad-csrf", "Permission denied - invalid csrf token"};
}
// Whether the answer to this refusal is empty.
inline bool has_empty_answer(const Error& error) {
  return error.code() == "access.no-ticket" || error.code() == "access.bad-credential" ||
         error.code() == "access.bad-csrf";
}

}  // namespace posada::access
