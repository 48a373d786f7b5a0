#include "vm/block_nodes.h"

#include "base/json.h"

namespace posada::vm {

namespace {

// "scsi0" or "/machine/peripheral/virtio0/virtio-backend".
std::string key_of(std::string_view device) {
  constexpr std::string_view before = "/machine/peripheral/", after = "/virtio-backend";
  if (device.starts_with(before)) device.remove_prefix(before.size());
  if (device.ends_with(after)) device.remove_suffix(after.size());
  return std::string(device);
}

}  // namespace

sys::Async<BlockNodes> block_nodes(Qmp& qmp) {
  const json::value answer = co_await qmp.execute("query-block");
  BlockNodes nodes;
  for (const json::value& item : answer.as_array()) {
    const json::object& block = item.as_object();
    const auto device = text_member(block, "qdev");
    const auto* inserted = block.if_contains("inserted");
    if (!device || inserted == nullptr || !inserted->is_object()) continue;
    if (const auto node = text_member(inserted->get_object(), "node-name")) {
      nodes[key_of(*device)] = *node;
    }
  }
  co_return nodes;
}

std::string node_of(const BlockNodes& nodes, const std::string& key) {
  const auto found = nodes.find(key);
  return found == nodes.end() ? "drive-" + key : found->second;
}

}  // namespace posada::vm
