// /access/domains: realms. Synchronizing them and signing in through OpenID are not built yet.
#include <algorithm>
#include <array>

#include "access/realms.h"
#include "api/handlers/access_shapes.h"
#include "api/handlers/handlers.h"
#include "api/request/access_domains.h"

namespace posada::api {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

struct Needed {
  std::string_view type;
  std::string_view name;
};
constexpr Needed needed_values[] = {
    {"ldap", "server1"}, {"ldap", "base_dn"},      {"ldap", "user_attr"},  {"ad", "server1"},
    {"ad", "domain"},    {"openid", "issuer-url"}, {"openid", "client-id"}};

// What the definition holds, of what the request carries.
Values values_of(const json::object& parameters) {
  constexpr std::array others = {"realm", "type", "delete", "digest", "check-connection"};
  Values values;
  for (const auto& [name, value] : parameters) {
    const bool other =
        std::any_of(others.begin(), others.end(), [&](const char* item) { return name == item; });
    if (!other) values.emplace_back(name, text_of(value));
  }
  return values;
}

sys::Async<Answer> list_realms(Call& call, access_domains::Index) {
  json::array rows;
  for (const Section& section : call.services.realms->definitions().sections) {
    json::object row{{"realm", section.id}, {"type", section.type}};
    if (const std::string* comment = section.find("comment")) row["comment"] = *comment;
    if (const std::string* chosen = section.find("default"); chosen && *chosen == "1") {
      row["default"] = 1;
    }
    rows.push_back(std::move(row));
  }
  co_return rows;
}

sys::Async<Answer> read_realm(Call& call, access_domains::Read request) {
  const auto all = call.services.realms->definitions();
  for (const Section& section : all.sections) {
    if (section.id != request.realm) continue;
    json::object answer{{"type", section.type}, {"digest", all.digest}};
    for (const auto& [name, value] : section.values) answer[name] = value;
    co_return answer;
  }
  throw Error::failed("access.no-realm", "domain '" + request.realm + "' does not exist");
}

sys::Async<Answer> create_realm(Call& call, access_domains::Create request) {
  Error::Texts missing;
  for (const Needed& needed : needed_values) {
    if (needed.type == request.type && !call.parameters.contains(needed.name)) {
      missing[std::string(needed.name)] = "property is missing and it is not optional";
    }
  }
  if (!missing.empty()) throw Error::parameters(std::move(missing));
  co_await call.services.realms->create(request.realm, request.type, values_of(call.parameters));
  co_return Answer();
}

sys::Async<Answer> update_realm(Call& call, access_domains::Update request) {
  const posada::access::Names erased = name_list(request.delete_);
  co_await call.services.realms->update(request.realm, values_of(call.parameters),
                                        {erased.begin(), erased.end()},
                                        request.digest.value_or(""));
  co_return Answer();
}

sys::Async<Answer> delete_realm(Call& call, access_domains::Delete request) {
  co_await call.services.realms->remove(request.realm);
  co_return Answer();
}

}  // namespace

void register_access_realms(Router& router) {
  router.on<access_domains::Index>(list_realms);
  router.on<access_domains::Read>(read_realm);
  router.on<access_domains::Create>(create_realm);
  router.on<access_domains::Update>(update_realm);
  router.on<access_domains::Delete>(delete_realm);
}

}  // namespace posada::api
