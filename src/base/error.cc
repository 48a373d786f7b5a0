#include "base/error.h"

#include <utility>

namespace posada {

Error::Error(ErrorKind kind, std::string code, std::string wire, Texts arguments)
    : kind_(kind),
      code_(std::move(code)),
      wire_(std::move(wire)),
      arguments_(std::move(arguments)) {}

Error Error::parameters(Texts texts) {
  Error error(ErrorKind::parameter, "parameter.invalid", "Parameter verification failed.");
  error.parameters_ = std::move(texts);
  return error;
}

Error Error::parameter(std::string name, std::string text) {
  return parameters({{std::move(name), std::move(text)}});
}

Error Error::unauthenticated(std::string wire) {
  return {ErrorKind::unauthenticated, "access.unauthenticated", std::move(wire)};
}

Error Error::forbidden(std::string_view path, std::string_view privileges) {
  std::string wire = "Permission check failed (";
  wire.append(path).append(", ").append(privileges).append(")");
  return {ErrorKind::forbidden,
          "access.forbidden",
          std::move(wire),
          {{"path", std::string(path)}, {"privileges", std::string(privileges)}}};
}

Error Error::forbidden(std::string wire) {
  return {ErrorKind::forbidden, "access.forbidden", std::move(wire)};
}

Error Error::failed(std::string code, std::string wire, Texts arguments) {
  return {ErrorKind::failed, std::move(code), std::move(wire), std::move(arguments)};
}

Error Error::busy(std::string wire, std::string holder_upid) {
  return {ErrorKind::busy, "guest.locked", std::move(wire), {{"holder", std::move(holder_upid)}}};
}

Error Error::not_implemented(std::string_view method, std::string_view path) {
  std::string wire = "Method '";
  wire.append(method).append(" ").append(path).append("' not implemented");
  return {ErrorKind::not_implemented,
          "api.not-implemented",
          std::move(wire),
          {{"method", std::string(method)}, {"path", std::string(path)}}};
}

Error Error::overloaded(std::string wire) {
  return {ErrorKind::overloaded, "api.overloaded", std::move(wire)};
}

int Error::http_status() const noexcept {
  switch (kind_) {
    case ErrorKind::parameter: return 400;
    case ErrorKind::unauthenticated: return 401;
    case ErrorKind::forbidden: return 403;
    case ErrorKind::failed:
    case ErrorKind::busy: return 500;
    case ErrorKind::not_implemented: return 501;
    case ErrorKind::overloaded: return 503;
  }
  return 500;
}

Error Error::with_hint(std::string hint) const {
  Error error = *this;
  error.hint_ = std::move(hint);
  return error;
}

Error Error::prefixed(std::string_view prefix) const {
  Error error = *this;
  error.wire_.insert(0, prefix);
  return error;
}

}  // namespace posada
