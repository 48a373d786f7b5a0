#include "access/user_config_text.h"

#include <functional>

#include "access/identifiers.h"
#include "base/error.h"
#include "base/text.h"

namespace posada::access {
namespace {

constexpr std::string_view name_rule = "may hold only letters, digits, '.', '-' and '_'";

// Entries of users and groups that do not exist are kept: they do nothing until these come (back),
// as when a directory is synchronized. Those of tokens go with the token.
bool is_kept(const UserConfig& config, const AclHolder& holder) {
  if (holder.kind == AclHolder::Kind::group) return is_group_name(holder.id);
  const auto identity = parse_identity(holder.id);
  return identity && (identity->token.empty() || config.has(*identity));
}

// The fields of one line; those that are missing are empty.
class Fields {
 public:
  explicit Fields(std::string_view line) : fields_(split(line, ':')) {}
  const std::string& at(std::size_t index) const {
    static const std::string empty;
    return index < fields_.size() ? fields_[index] : empty;
  }
  std::string decoded(std::size_t index) const { return decode_percent(at(index)); }
  bool flag(std::size_t index) const { return at(index) == "1"; }
  std::int64_t number(std::size_t index) const { return to_integer(at(index)).value_or(0); }
  std::vector<std::string> list(std::size_t index) const { return split_list(at(index)); }

 private:
  std::vector<std::string> fields_;
};

// Reads what stands alone line by line, then what refers to users, then what refers to anything,
// so that the order of lines does not matter.
class Parser {
 public:
  ParsedUserConfig parse(std::string_view text) {
    for (const std::string& raw : split(text, '\n')) {
      ++line_;
      const std::string_view line = trim(raw);
      if (line.empty() || line[0] == '#') continue;
      read(Fields(line));
    }
    for (const auto* later : {&after_users_, &after_all_}) {
      for (const auto& [line, resolve] : *later) {
        line_ = line;
        resolve();
      }
    }
    return std::move(result_);
  }

 private:
  void read(const Fields& fields) {
    const std::string& kind = fields.at(0);
    if (kind == "user") return read_user(fields);
    if (kind == "token") return read_token(fields);
    if (kind == "group") return read_group(fields);
    if (kind == "pool") return read_pool(fields);
    if (kind == "role") return read_role(fields);
    if (kind == "acl") return read_acl(fields);
    refuse("a line begins with user, token, group, pool, role or acl, not with '" + kind + "'");
  }

  void read_user(const Fields& fields) {
    const std::string& id = fields.at(1);
    if (!parse_user_id(id)) return refuse("'" + id + "' is not a user id (NAME@REALM)");
    User user;
    user.enabled = fields.flag(2);
    user.expires = fields.number(3);
    user.first_name = fields.decoded(4);
    user.last_name = fields.decoded(5);
    user.email = fields.decoded(6);
    user.comment = fields.decoded(7);
    user.keys = fields.at(8);
    config().users[id] = std::move(user);
  }

  void read_token(const Fields& fields) {
    const auto identity = parse_identity(fields.at(1));
    if (!identity || identity->token.empty()) {
      return refuse("'" + fields.at(1) + "' is not a token id (USER@REALM!TOKEN)");
    }
    Token token;
    token.expires = fields.number(2);
    token.separated = fields.flag(3);
    token.comment = fields.decoded(4);
    after_users_.emplace_back(line_, [this, identity, token] {
      if (!config().has_user(identity->user)) return drop("user", identity->user);
      config().tokens[identity->user][identity->token] = token;
    });
  }

  void read_group(const Fields& fields) {
    const std::string& name = fields.at(1);
    if (!is_group_name(name)) return refuse_name("group", name);
    config().groups[name].comment = fields.decoded(3);
    config().group_members[name].clear();
    after_users_.emplace_back(line_, [this, name, members = fields.list(2)] {
      for (const std::string& user : members) {
        if (!config().has_user(user)) {
          drop("user", user);
        } else {
          config().group_members[name].insert(user);
        }
      }
    });
  }

  void read_pool(const Fields& fields) {
    const std::string& name = fields.at(1);
    if (!is_pool_name(name)) return refuse_name("pool", name);
    config().pools[name].comment = fields.decoded(2);
    for (const std::string& text : fields.list(3)) {
      const auto number = to_integer(text);
      const bool valid = is_digits(text) && number && *number > 0 && *number <= 999'999'999;
      if (!valid || !config().add_guest(name, {static_cast<std::uint32_t>(*number)})) {
        drop("guest", text);
      }
    }
    for (const std::string& storage : fields.list(4)) {
      if (is_storage_name(storage)) {
        config().add_storage(name, storage);
      } else {
        drop("storage", storage);
      }
    }
  }

  void read_role(const Fields& fields) {
    const std::string& name = fields.at(1);
    if (!is_role_name(name)) return refuse_name("role", name);
    if (is_builtin_role(name)) return drop("built-in role", name);
    PrivilegeSet& privileges = config().roles[name];
    privileges = {};
    for (const std::string& text : fields.list(2)) {
      if (const auto privilege = find_privilege(text)) {
        privileges.insert(*privilege);
      } else {
        drop("privilege", text);
      }
    }
  }

  void read_acl(const Fields& fields) {
    const auto path = normalize_acl_path(fields.at(2));
    if (!path) return refuse("'" + fields.at(2) + "' is not a path of the object tree");
    after_all_.emplace_back(line_, [this, path = *path, propagate = fields.flag(1),
                                    holders = fields.list(3), roles = fields.list(4)] {
      for (const std::string& role : roles) {
        if (!config().find_role(role)) {
          drop("role", role);
          continue;
        }
        for (const std::string& holder : holders) add_acl(path, holder, role, propagate);
      }
    });
  }

  void add_acl(const std::string& path, const std::string& who, const std::string& role,
               bool propagate) {
    const AclHolder holder = AclHolder::parse(who);
    if (!is_kept(config(), holder)) return drop("user, group or token", who);
    config().acl[path][holder][role] = propagate;
  }

  UserConfig& config() { return result_.config; }
  void refuse(std::string text) { result_.refused.push_back({line_, std::move(text)}); }
  void refuse_name(const std::string& what, const std::string& name) {
    refuse(what + " name '" + name + "' " + std::string(name_rule));
  }
  void drop(const std::string& what, const std::string& name) {
    result_.dropped.push_back({line_, what + " '" + name + "' is left out"});
  }

  std::size_t line_ = 0;
  ParsedUserConfig result_;
  using Later = std::vector<std::pair<std::size_t, std::function<void()>>>;
  Later after_users_;
  Later after_all_;
};

template <class Set>
std::string comma_list(const Set& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}

std::string line(std::initializer_list<std::string> fields) {
  std::string out;
  for (const std::string& field : fields) out.append(field).append(":");
  return out + "\n";
}

std::string flag(bool value) {
  return value ? "1" : "0";
}

std::string print_users(const UserConfig& config) {
  std::string out;
  const auto print_tokens = [&](const std::string& user) {
    const auto tokens = config.tokens.find(user);
    if (tokens == config.tokens.end()) return;
    for (const auto& [name, token] : tokens->second) {
      out += line({"token", user + "!" + name, std::to_string(token.expires), flag(token.separated),
                   encode_text(token.comment)});
    }
  };
  // root@pam needs no line of its own to have tokens.
  if (!config.users.contains(root_user)) print_tokens(std::string(root_user));
  for (const auto& [id, user] : config.users) {
    out += line({"user", id, flag(user.enabled), std::to_string(user.expires),
                 encode_text(user.first_name), encode_text(user.last_name), encode_text(user.email),
                 encode_text(user.comment), user.keys});
    print_tokens(id);
  }
  return out;
}

std::string print_pools(const UserConfig& config) {
  std::string out;
  for (const auto& [name, pool] : config.pools) {
    const PoolMembers& members = config.members_of(name);
    std::vector<std::string> guests;
    for (const GuestId guest : members.guests) guests.push_back(guest.text());
    out += line({"pool", name, encode_text(pool.comment), comma_list(guests),
                 comma_list(members.storages)});
  }
  return out;
}

std::string print_acl(const UserConfig& config) {
  std::string out;
  for (const auto& [path, node] : config.acl) {
    for (const bool propagate : {false, true}) {
      std::map<std::string, Names> holders_by_roles;
      for (const auto& [holder, roles] : node) {
        Names names;
        for (const auto& [role, entry] : roles) {
          if (entry == propagate && config.find_role(role)) names.insert(role);
        }
        if (!names.empty() && is_kept(config, holder)) {
          holders_by_roles[comma_list(names)].insert(holder.text());
        }
      }
      for (const auto& [roles, holders] : holders_by_roles) {
        out += line({"acl", flag(propagate), path, comma_list(holders), roles});
      }
    }
  }
  return out;
}

}  // namespace

ParsedUserConfig parse_user_config(std::string_view text) {
  return Parser().parse(text);
}

void check_user_config(std::string_view text) {
  const ParsedUserConfig parsed = parse_user_config(text);
  if (parsed.refused.empty()) return;
  const UserConfigFault& fault = parsed.refused.front();
  throw Error::failed("access.user-config", fault.text, {{"line", std::to_string(fault.line)}});
}

std::string print_user_config(const UserConfig& config) {
  std::string out = print_users(config) + "\n";
  for (const auto& [name, group] : config.groups) {
    out +=
        line({"group", name, comma_list(config.users_of_group(name)), encode_text(group.comment)});
  }
  out += "\n" + print_pools(config) + "\n";
  for (const auto& [name, privileges] : config.roles) {
    out += line({"role", name, comma_list(privileges.names())});
  }
  return out + "\n" + print_acl(config);
}

std::string rewrite_user_config(std::string_view text) {
  const ParsedUserConfig parsed = parse_user_config(text);
  return parsed.refused.empty() ? print_user_config(parsed.config) : std::string(text);
}

}  // namespace posada::access
