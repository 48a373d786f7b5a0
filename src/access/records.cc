#include "access/records.h"

#include <functional>

#include "access/identifiers.h"
#include "base/json.h"
#include "base/text.h"

namespace posada::access {
namespace {

constexpr std::string_view group_prefix = "access/group/";
constexpr std::string_view group_member_prefix = "access/group-member/";
constexpr std::string_view role_prefix = "access/role/";
constexpr std::string_view acl_prefix = "access/acl/";
constexpr std::string_view pool_prefix = "access/pool/";
constexpr std::string_view pool_guest_prefix = "access/pool-guest/";
constexpr std::string_view pool_storage_prefix = "access/pool-storage/";
constexpr std::string_view present = "1";

std::string key(std::string_view prefix, std::string_view rest) {
  return std::string(prefix).append(rest);
}

// Objects with empty members left out, so that a value says only what was said.
class ObjectWriter {
 public:
  ObjectWriter& text(std::string_view name, const std::string& value) {
    if (!value.empty()) object_[name] = value;
    return *this;
  }
  ObjectWriter& number(std::string_view name, std::int64_t value) {
    if (value != 0) object_[name] = value;
    return *this;
  }
  std::string done() const { return json::serialize(object_); }

 private:
  json::object object_;
};

std::optional<json::object> parse_object(const std::string& text) {
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return value.as_object();
}

std::string text_of_member(const json::object& object, std::string_view name) {
  return text_member(object, name).value_or("");
}

std::pair<std::string_view, std::string_view> split_once(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {text, {}};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

using Value = std::optional<std::string>;

void apply_user(UserConfig& config, std::string_view rest, const Value& value) {
  const std::string id(rest);
  const auto object = value ? parse_object(*value) : std::nullopt;
  if (!object) {
    config.users.erase(id);
    return;
  }
  User user;
  user.enabled = integer_member(*object, "enable").value_or(0) != 0;
  user.expires = integer_member(*object, "expire").value_or(0);
  user.first_name = text_of_member(*object, "firstname");
  user.last_name = text_of_member(*object, "lastname");
  user.email = text_of_member(*object, "email");
  user.comment = text_of_member(*object, "comment");
  user.keys = text_of_member(*object, "keys");
  config.users[id] = std::move(user);
}

void apply_token(UserConfig& config, std::string_view rest, const Value& value) {
  const auto identity = parse_identity(rest);
  if (!identity || identity->token.empty()) return;
  const auto object = value ? parse_object(*value) : std::nullopt;
  auto& tokens = config.tokens[identity->user];
  if (object) {
    Token token;
    token.expires = integer_member(*object, "expire").value_or(0);
    // Absent means that a record from elsewhere says nothing: then fewer rights.
    token.separated = integer_member(*object, "privsep").value_or(1) != 0;
    token.comment = text_of_member(*object, "comment");
    tokens[identity->token] = std::move(token);
  } else {
    tokens.erase(identity->token);
  }
  if (tokens.empty()) config.tokens.erase(identity->user);
}

void apply_group(UserConfig& config, std::string_view rest, const Value& value) {
  const auto object = value ? parse_object(*value) : std::nullopt;
  if (object) {
    config.groups[std::string(rest)] = {text_of_member(*object, "comment")};
  } else {
    config.groups.erase(std::string(rest));
  }
}

void apply_group_member(UserConfig& config, std::string_view rest, const Value& value) {
  const auto [group, user] = split_once(rest);
  Names& members = config.group_members[std::string(group)];
  if (value) {
    members.emplace(user);
  } else {
    members.erase(std::string(user));
  }
  if (members.empty()) config.group_members.erase(std::string(group));
}

void apply_role(UserConfig& config, std::string_view rest, const Value& value) {
  if (!value) {
    config.roles.erase(std::string(rest));
    return;
  }
  PrivilegeSet privileges;
  for (const std::string& name : split_list(*value)) {
    if (const auto privilege = find_privilege(name)) privileges.insert(*privilege);
  }
  config.roles[std::string(rest)] = privileges;
}

void apply_acl(UserConfig& config, std::string_view rest, const Value& value) {
  const auto [encoded, holder_and_role] = split_once(rest);
  const auto [who, role] = split_once(holder_and_role);
  const std::string path = decode_percent(encoded);
  const AclHolder holder = AclHolder::parse(who);
  if (value) {
    config.acl[path][holder][std::string(role)] = *value == "1";
    return;
  }
  const auto node = config.acl.find(path);
  if (node == config.acl.end()) return;
  const auto roles = node->second.find(holder);
  if (roles == node->second.end()) return;
  roles->second.erase(std::string(role));
  if (roles->second.empty()) node->second.erase(roles);
  if (node->second.empty()) config.acl.erase(node);
}

void apply_pool(UserConfig& config, std::string_view rest, const Value& value) {
  const auto object = value ? parse_object(*value) : std::nullopt;
  if (object) {
    config.pools[std::string(rest)] = {text_of_member(*object, "comment")};
  } else {
    config.pools.erase(std::string(rest));
  }
}

void apply_pool_guest(UserConfig& config, std::string_view rest, const Value& value) {
  const auto number = to_integer(rest);
  if (!number || *number <= 0 || *number > UINT32_MAX) return;
  const GuestId guest{static_cast<std::uint32_t>(*number)};
  config.remove_guest(guest);
  if (value) config.add_guest(*value, guest);
}

void apply_pool_storage(UserConfig& config, std::string_view rest, const Value& value) {
  const auto [storage, pool] = split_once(rest);
  if (value) {
    config.add_storage(std::string(pool), std::string(storage));
  } else {
    config.remove_storage(pool, storage);
  }
}

struct RecordKind {
  std::string_view prefix;
  void (*apply)(UserConfig&, std::string_view rest, const Value&);
  RecordEffect effect;
};

constexpr RecordKind kinds[] = {
    {user_records_prefix, &apply_user, RecordEffect::entries},
    {token_records_prefix, &apply_token, RecordEffect::entries},
    {group_prefix, &apply_group, RecordEffect::entries},
    {group_member_prefix, &apply_group_member, RecordEffect::entries},
    {role_prefix, &apply_role, RecordEffect::entries},
    {acl_prefix, &apply_acl, RecordEffect::entries},
    {pool_prefix, &apply_pool, RecordEffect::entries},
    {pool_guest_prefix, &apply_pool_guest, RecordEffect::members},
    {pool_storage_prefix, &apply_pool_storage, RecordEffect::members},
};

}  // namespace

std::string user_key(std::string_view user) {
  return key(user_records_prefix, user);
}
std::string token_key(std::string_view user, std::string_view token) {
  return key(token_records_prefix, user).append("!").append(token);
}
std::string token_secret_key(std::string_view user, std::string_view token) {
  return key("priv/token/", user).append("!").append(token);
}
std::string shadow_key(std::string_view user) {
  return key("priv/shadow/", user);
}
std::string group_key(std::string_view group) {
  return key(group_prefix, group);
}
std::string group_member_key(std::string_view group, std::string_view user) {
  return key(group_member_prefix, group).append("/").append(user);
}
std::string role_key(std::string_view role) {
  return key(role_prefix, role);
}
std::string acl_key(std::string_view path, const AclHolder& holder, std::string_view role) {
  return key(acl_prefix, encode_uri(path))
      .append("/")
      .append(holder.text())
      .append("/")
      .append(role);
}
std::string pool_key(std::string_view pool) {
  return key(pool_prefix, pool);
}
std::string pool_guest_key(GuestId guest) {
  return key(pool_guest_prefix, guest.text());
}
std::string pool_storage_key(std::string_view storage, std::string_view pool) {
  return key(pool_storage_prefix, storage).append("/").append(pool);
}

std::string value_of(const User& user) {
  return ObjectWriter()
      .number("enable", user.enabled ? 1 : 0)
      .number("expire", user.expires)
      .text("firstname", user.first_name)
      .text("lastname", user.last_name)
      .text("email", user.email)
      .text("comment", user.comment)
      .text("keys", user.keys)
      .done();
}

std::string value_of(const Token& token) {
  json::object object;
  object["privsep"] = token.separated ? 1 : 0;
  if (token.expires != 0) object["expire"] = token.expires;
  if (!token.comment.empty()) object["comment"] = token.comment;
  return json::serialize(object);
}

std::string value_of(const Group& group) {
  return ObjectWriter().text("comment", group.comment).done();
}
std::string value_of(const Pool& pool) {
  return ObjectWriter().text("comment", pool.comment).done();
}
std::string value_of(PrivilegeSet privileges) {
  return join(privileges.names(), ",");
}

RecordEffect apply_record(UserConfig& config, std::string_view key,
                          const std::optional<std::string>& value) {
  for (const RecordKind& kind : kinds) {
    if (!key.starts_with(kind.prefix) || key.size() == kind.prefix.size()) continue;
    kind.apply(config, key.substr(kind.prefix.size()), value);
    return kind.effect;
  }
  return RecordEffect::none;
}

std::map<std::string, std::string> records_of(const UserConfig& config) {
  std::map<std::string, std::string> records;
  for (const auto& [id, user] : config.users) records[user_key(id)] = value_of(user);
  for (const auto& [user, tokens] : config.tokens) {
    for (const auto& [name, token] : tokens) records[token_key(user, name)] = value_of(token);
  }
  for (const auto& [name, group] : config.groups) records[group_key(name)] = value_of(group);
  for (const auto& [group, members] : config.group_members) {
    for (const std::string& user : members) records[group_member_key(group, user)] = present;
  }
  for (const auto& [name, privileges] : config.roles)
    records[role_key(name)] = value_of(privileges);
  for (const auto& [path, node] : config.acl) {
    for (const auto& [holder, roles] : node) {
      for (const auto& [role, propagate] : roles) {
        records[acl_key(path, holder, role)] = propagate ? "1" : "0";
      }
    }
  }
  for (const auto& [name, pool] : config.pools) records[pool_key(name)] = value_of(pool);
  for (const auto& [pool, members] : config.pool_members) {
    for (const GuestId guest : members.guests) records[pool_guest_key(guest)] = pool;
    for (const std::string& storage : members.storages) {
      records[pool_storage_key(storage, pool)] = present;
    }
  }
  return records;
}

}  // namespace posada::access
