// An answer that the front gives by itself, before the daemon is asked: the reason phrase and
// what goes with it. Thrown where the fault is seen, caught once in the session.
#pragma once

#include <exception>
#include <map>
#include <string>
#include <utility>

namespace posada::front {

class Refusal : public std::exception {
 public:
  Refusal(int status, std::string reason) : status_(status), reason_(std::move(reason)) {}

  // 400 with one text for each wrong parameter.
  static Refusal parameters(std::map<std::string, std::string> texts) {
    Refusal refusal(400, "Parameter verification failed.");
    refusal.texts_ = std::move(texts);
    return refusal;
  }
  // The rest of the input is not known to be another request: nothing more is read from it.
  Refusal closing() && {
    closes_ = true;
    return std::move(*this);
  }
  // As existing servers answer: no body at all.
  Refusal bare() && {
    bare_ = true;
    return std::move(*this);
  }

  const char* what() const noexcept override { return reason_.c_str(); }
  int status() const noexcept { return status_; }
  const std::string& reason() const noexcept { return reason_; }
  const std::map<std::string, std::string>& texts() const noexcept { return texts_; }
  bool closes() const noexcept { return closes_; }
  bool is_bare() const noexcept { return bare_; }

 private:
  int status_;
  std::string reason_;
  std::map<std::string, std::string> texts_;
  bool closes_ = false;
  bool bare_ = false;
};

}  // namespace posada::front
