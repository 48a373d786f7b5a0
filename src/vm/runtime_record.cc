#include "vm/runtime_record.h"

namespace posada::vm {

json::object to_json(const RuntimeRecord& record) {
  json::object values;
  for (const auto& [key, value] : record.config.values) values[key] = value;
  json::object interfaces;
  for (const auto& [key, name] : record.interfaces) interfaces[key] = name;
  json::object sets;
  for (const auto& [key, number] : record.sets) sets[key] = number;
  return {{"version", 1},
          {"guest", record.guest.number},
          {"uuid", record.uuid},
          {"boot", record.boot},
          {"pid", record.pid},
          {"start_ticks", record.start_ticks},
          {"started", record.started},
          {"qemu", record.qemu},
          {"machine", record.machine},
          {"acceleration", record.acceleration},
          {"uid", record.uid},
          {"config", std::move(values)},
          {"interfaces", std::move(interfaces)},
          {"next_set", record.next_set},
          {"restart", record.restart},
          {"sets", std::move(sets)}};
}

std::optional<RuntimeRecord> runtime_record(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || integer_member(*object, "version") != 1) {
    return std::nullopt;
  }
  RuntimeRecord record;
  record.guest.number = static_cast<std::uint32_t>(integer_member(*object, "guest").value_or(0));
  record.uuid = text_member(*object, "uuid").value_or("");
  record.boot = text_member(*object, "boot").value_or("");
  record.pid = static_cast<int>(integer_member(*object, "pid").value_or(0));
  record.start_ticks =
      static_cast<std::uint64_t>(integer_member(*object, "start_ticks").value_or(0));
  record.started = integer_member(*object, "started").value_or(0);
  record.qemu = text_member(*object, "qemu").value_or("");
  record.machine = text_member(*object, "machine").value_or("");
  record.acceleration = text_member(*object, "acceleration").value_or("");
  record.uid = static_cast<unsigned>(integer_member(*object, "uid").value_or(0));
  const auto* restart = object->if_contains("restart");
  record.restart = restart != nullptr && restart->is_bool() && restart->get_bool();
  record.next_set = static_cast<int>(integer_member(*object, "next_set").value_or(1));
  if (const auto* members = object->if_contains("config"); members && members->is_object()) {
    for (const auto& [key, item] : members->get_object()) {
      record.config.values[std::string(key)] = text_of(item);
    }
  }
  if (const auto* members = object->if_contains("interfaces"); members && members->is_object()) {
    for (const auto& [key, item] : members->get_object()) {
      record.interfaces[std::string(key)] = text_of(item);
    }
  }
  if (const auto* members = object->if_contains("sets"); members && members->is_object()) {
    for (const auto& [key, item] : members->get_object()) {
      record.sets[std::string(key)] = static_cast<int>(item.to_number<std::int64_t>());
    }
  }
  if (record.guest.number == 0 || record.pid <= 0) {
    return std::nullopt;
  }
  return record;
}

}  // namespace posada::vm
