// What the handlers below /access and /pools share: lists in parameters, and the shapes of answers.
#pragma once

#include <string>
#include <string_view>

#include "access/directory.h"
#include "access/permissions.h"
#include "api/call.h"

namespace posada::api {

// `a,b;c d` as names; nothing gives an empty set.
posada::access::Names name_list(const std::optional<std::string>& text);

// Throws the error of parameter `name` when the text names an unknown privilege.
posada::access::PrivilegeSet privilege_set(std::string_view name, const std::string& text);
posada::access::PrivilegeList privilege_list(std::string_view name, const std::string& text);

// {"VM.Audit": 1, …}
json::object privilege_object(posada::access::PrivilegeSet privileges);

// Root's account is root's alone: its password, tokens and settings are changed by nobody else,
// because whoever can change them is root.
void refuse_changing_root(const Call& call, const std::string& user);

}  // namespace posada::api
