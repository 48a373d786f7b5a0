// A realm: where users of one kind prove who they are.
//
// Users are named without the realm here. Implementations may take seconds (they ask executed
// helpers or servers) and must never block the loop. One contract suite runs on all of them
// (tests/contract/access).
#pragma once

#include <string>
#include <vector>

#include "store/store.h"
#include "sys/async.h"

namespace posada::access {

class Realm {
 public:
  virtual ~Realm() = default;
  // Throws sign_in_failed (sign_in_error.h) when the password is not the user's. Other errors mean
  // that it could not be found out.
  virtual sys::Async<void> authenticate(std::string user, std::string password,
                                        std::string address) = 0;
  // Makes the password count. What has to be written to the store for it comes back, so that it can
  // stand in the transaction that creates the user. Throws with a sentence for the user when the
  // realm takes no password from us.
  virtual sys::Async<std::vector<store::Put>> new_password(std::string user,
                                                           std::string password) = 0;
};

}  // namespace posada::access
