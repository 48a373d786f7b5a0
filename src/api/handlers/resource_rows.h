// Which rows of the board an identity may see, and in which form.
#pragma once

#include <functional>

#include "api/call.h"
#include "telemetry/board.h"

namespace posada::api {

bool may_see_row(const Services& services, const Identity& identity, const json::object& row);

// The rows of GET /cluster/resources for this identity, printed as a JSON array; `type` is vm,
// storage, node, sdn or empty. The text is made once for each state of board and configuration,
// because many clients ask for it again and again.
class ResourceTexts {
 public:
  // Brings what has changed to the board, before each look at it.
  std::function<void()> settle = [] {};

  std::shared_ptr<const std::string> get(const Services& services, const Identity& identity,
                                         const std::string& type);

 private:
  std::uint64_t board_ = 0;
  std::uint64_t store_ = 0;
  std::map<std::pair<Identity, std::string>, std::shared_ptr<const std::string>> texts_;
};

}  // namespace posada::api
