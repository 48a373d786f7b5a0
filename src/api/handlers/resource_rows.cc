#include "api/handlers/resource_rows.h"

#include "access/permissions.h"
#include "store/mirror.h"

namespace posada::api {
namespace {

using access::Privilege;

constexpr std::size_t most_texts = 64;

std::string member(const json::object& row, std::string_view name) {
  return text_member(row, name).value_or("");
}

bool of_type(const json::object& row, const std::string& wanted) {
  if (wanted.empty()) return true;
  const std::string type = member(row, "type");
  return type == wanted || (wanted == "vm" && (type == "qemu" || type == "lxc"));
}

std::string print_rows(const Services& services, const Identity& identity,
                       const std::string& type) {
  std::string text = "[";
  services.board->each("", [&](const telemetry::Row& row) {
    if (!of_type(row.values, type) || !may_see_row(services, identity, row.values)) return;
    if (text.size() > 1) text += ',';
    text += json::serialize(row.values);
  });
  return text + "]";
}

}  // namespace

bool may_see_row(const Services& services, const Identity& identity, const json::object& row) {
  access::Permissions& permissions = *services.permissions;
  const std::string type = member(row, "type");
  if (type == "qemu" || type == "lxc") {
    return permissions.may(identity, "/vms/" + member(row, "vmid"), Privilege::vm_audit);
  }
  if (type == "storage") {
    return permissions.may(identity, "/storage/" + member(row, "storage"),
                           {Privilege::datastore_audit, Privilege::datastore_allocate_space}, true);
  }
  if (type == "pool") {
    return permissions.may(identity, "/pool/" + member(row, "pool"), Privilege::pool_audit);
  }
  return true;  // nodes: everybody who is signed in sees their names and load
}

std::shared_ptr<const std::string> ResourceTexts::get(const Services& services,
                                                      const Identity& identity,
                                                      const std::string& type) {
  settle();
  const std::uint64_t board = services.board->sequence();
  const std::uint64_t store = services.mirror->revision().number;
  if (board != board_ || store != store_ || texts_.size() >= most_texts) texts_.clear();
  board_ = board;
  store_ = store;
  std::shared_ptr<const std::string>& text = texts_[{identity, type}];
  if (!text) text = std::make_shared<std::string>(print_rows(services, identity, type));
  return text;
}

}  // namespace posada::api
