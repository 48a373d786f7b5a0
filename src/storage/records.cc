#include "storage/records.h"

#include "base/json.h"

namespace posada::storage {
namespace {

std::string_view text_of_state(VolumeState state) {
  switch (state) {
    case VolumeState::reserved:
      return "reserved";
    case VolumeState::ready:
      return "ready";
    case VolumeState::deleting:
      return "deleting";
  }
  return "reserved";
}

}  // namespace

std::string record_key(const std::string& storage, const std::string& own) {
  return std::string(record_prefix) + storage + "/" + own;
}

std::string record_text(const VolumeRecord& record) {
  json::object object{{"uuid", record.uuid},
                      {"guest", record.guest.number},
                      {"state", text_of_state(record.state)},
                      {"format", text(record.format)},
                      {"size", record.bytes}};
  if (!record.base.empty()) object["base"] = record.base;
  if (record.state != VolumeState::ready) {
    object["node"] = record.node;
    object["boot"] = record.boot;
    if (!record.task.empty()) object["task"] = record.task;
    if (!record.from.empty()) object["from"] = record.from;
  }
  return json::serialize(object);
}

std::optional<VolumeRecord> record_from(const store::Entry& entry) {
  boost::system::error_code error;
  const json::value value = json::parse(entry.value, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::object& object = value.as_object();
  VolumeRecord record;
  record.modified = entry.modified;
  record.uuid = text_member(object, "uuid").value_or("");
  record.guest.number = static_cast<std::uint32_t>(integer_member(object, "guest").value_or(0));
  record.bytes = static_cast<std::uint64_t>(integer_member(object, "size").value_or(0));
  record.format =
      format_from(text_member(object, "format").value_or("")).value_or(VolumeFormat::raw);
  record.base = text_member(object, "base").value_or("");
  record.node = text_member(object, "node").value_or("");
  record.boot = text_member(object, "boot").value_or("");
  record.task = text_member(object, "task").value_or("");
  record.from = text_member(object, "from").value_or("");
  const std::string state = text_member(object, "state").value_or("");
  if (state == "reserved") {
    record.state = VolumeState::reserved;
  } else if (state == "ready") {
    record.state = VolumeState::ready;
  } else if (state == "deleting") {
    record.state = VolumeState::deleting;
  } else {
    return std::nullopt;
  }
  return record;
}

}  // namespace posada::storage
