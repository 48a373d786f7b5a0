// What goes wrong, as callers and users must know it.
//
// An Error is thrown where the fault is known and caught once, at the edge (the API layer, a
// task's end). It carries two things that never mix: the exact text that existing clients
// match (`what()`, the HTTP reason phrase), and a stable code with arguments that the page
// translates. Features throw through the named constructors below, so that the status that a
// client sees is decided by the kind of fault and not by each caller.
#pragma once

#include <exception>
#include <map>
#include <string>
#include <string_view>

namespace posada {

enum class ErrorKind {
  parameter,        // 400, with a text for each parameter
  unauthenticated,  // 401
  forbidden,        // 403
  failed,           // 500: nearly every failure at run time, "does not exist" included
  busy,             // 500 with the holder's name; a client may try again
  not_implemented,  // 501
  overloaded,       // 503 with Retry-After
};

class Error : public std::exception {
 public:
  using Texts = std::map<std::string, std::string>;

  // `code` names the fault for programs ("guest.locked"), `wire` is the sentence on the wire.
  Error(ErrorKind kind, std::string code, std::string wire, Texts arguments = {});

  // 400: one text for each wrong parameter.
  static Error parameters(Texts texts);
  static Error parameter(std::string name, std::string text);
  // 401. `wire` is the reason phrase.
  static Error unauthenticated(std::string wire);
  // 403 `Permission check failed (PATH, PRIVILEGES)`.
  static Error forbidden(std::string_view path, std::string_view privileges);
  static Error forbidden(std::string wire);
  // 500, for everything that fails at run time.
  static Error failed(std::string code, std::string wire, Texts arguments = {});
  // 500 `VM is locked (HOLDER)`-like, with the task that holds.
  static Error busy(std::string wire, std::string holder_upid);
  static Error not_implemented(std::string_view method, std::string_view path);
  static Error overloaded(std::string wire);

  const char* what() const noexcept override { return wire_.c_str(); }
  ErrorKind kind() const noexcept { return kind_; }
  const std::string& code() const noexcept { return code_; }
  const std::string& wire() const noexcept { return wire_; }
  const Texts& arguments() const noexcept { return arguments_; }
  // Texts by parameter name; filled for kind `parameter` only.
  const Texts& parameters() const noexcept { return parameters_; }
  // What the user can do about it, in English; empty when there is nothing to add.
  const std::string& hint() const noexcept { return hint_; }
  int http_status() const noexcept;

  Error with_hint(std::string hint) const;
  // The same fault with `prefix` before its sentence ("create user failed: …").
  Error prefixed(std::string_view prefix) const;

 private:
  ErrorKind kind_;
  std::string code_;
  std::string wire_;
  Texts arguments_;
  Texts parameters_;
  std::string hint_;
};

// Thrown at a suspension point of an operation that was cancelled. Not a std::exception, so
// that no handler for failures takes it for one.
struct Cancelled {
  std::string reason;
};

}  // namespace posada
