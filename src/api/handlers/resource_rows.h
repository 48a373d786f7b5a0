// Which rows of the board an identity may see, and the lists made of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/call.h"
#include "telemetry/board.h"

namespace posada::api {

// How much of a row somebody sees. Everybody who is signed in sees the nodes' names and state.
enum class Sight : std::uint8_t { nothing, name, whole };
Sight sight(const Services& services, const Identity& identity, const json::object& row);
std::string row_text(const telemetry::Row& row, Sight sight);  // of a row that is seen
// The lists say less of a node than the stream of events does.
json::object listed_node(const json::object& row, Sight sight);

enum class RowList {
  everything,  // GET /cluster/resources, whole or of one type
  guests,
  storages,
  nodes,
  nothing,
  machines,    // GET /nodes/{node}/qemu: as it lists them, without what names the resource
  containers,  // GET /nodes/{node}/lxc
};

// The answers to requests for lists of the board's rows. Many clients ask for them again and again,
// so an answer is printed once for each state of the board and each set of rows that somebody may
// see, into sealed memory that the front recognizes and sends again. What somebody may see is
// looked at anew after every change of the store: a right that is taken away is gone at once.
class ResourceTexts {
 public:
  // `publish_changes` brings what has changed to the board at once.
  explicit ResourceTexts(std::function<void()> publish_changes)
      : publish_changes_(std::move(publish_changes)) {}
  Answer answer(const Services& services, const Identity& identity, RowList list);

 private:
  std::shared_ptr<const sys::Fd> get(const Services& services, const Identity& identity,
                                     RowList list);
  struct Key {
    RowList list;
    std::vector<Sight> sights;  // by the order of the rows
    auto operator<=>(const Key&) const = default;
  };
  std::shared_ptr<const sys::Fd> print(const Services& services, const Identity& identity,
                                       RowList list);

  std::function<void()> publish_changes_;
  std::uint64_t board_ = 0;
  std::uint64_t store_ = 0;
  std::map<Key, std::shared_ptr<const sys::Fd>> answers_;
  std::map<std::pair<Identity, RowList>, std::shared_ptr<const sys::Fd>> of_identity_;
};

}  // namespace posada::api
