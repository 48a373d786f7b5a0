#include "api/handlers/access_shapes.h"

#include "base/text.h"

namespace posada::api {
namespace {

constexpr std::string_view separators = ",; \t\n\r\f\v";

std::vector<posada::access::Privilege> parse_privileges(std::string_view name,
                                                        const std::string& text) {
  std::vector<posada::access::Privilege> list;
  for (const std::string& item : split_list(text, separators)) {
    const auto privilege = posada::access::find_privilege(item);
    if (!privilege) {
      throw Error::parameter(std::string(name),
                             "invalid format - invalid privilege '" + item + "'\n");
    }
    list.push_back(*privilege);
  }
  return list;
}

}  // namespace

posada::access::Names name_list(const std::optional<std::string>& text) {
  posada::access::Names names;
  if (!text) return names;
  for (std::string& item : split_list(*text, separators)) names.insert(std::move(item));
  return names;
}

posada::access::PrivilegeSet privilege_set(std::string_view name, const std::string& text) {
  posada::access::PrivilegeSet set;
  for (const posada::access::Privilege privilege : parse_privileges(name, text))
    set.insert(privilege);
  return set;
}

posada::access::PrivilegeList privilege_list(std::string_view name, const std::string& text) {
  const std::vector<posada::access::Privilege> list = parse_privileges(name, text);
  if (list.size() > posada::access::PrivilegeList::capacity) {
    throw Error::parameter(std::string(name), "too many privileges");
  }
  return posada::access::PrivilegeList(std::span<const posada::access::Privilege>(list));
}

json::object privilege_object(posada::access::PrivilegeSet privileges) {
  json::object object;
  for (const std::string& name : privileges.names()) object[name] = 1;
  return object;
}

void refuse_changing_root(const Call& call, const std::string& user) {
  if (user == posada::access::root_user && !call.identity.is_root()) {
    throw Error::forbidden("Permission check failed (only root@pam may change root@pam)");
  }
}

}  // namespace posada::api
