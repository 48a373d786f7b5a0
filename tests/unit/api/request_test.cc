// That every generated struct compiles and can be filled. One file, so that it costs once.
#include <gtest/gtest.h>

#include "api/request/all.h"

namespace posada::api {
namespace {

TEST(RequestStructs, BelongToTheMethodTheyAreNamedAfter) {
  EXPECT_EQ(methods()[nodes_qemu_status::VmStart::method].path,
            "/nodes/{node}/qemu/{vmid}/status/start");
  EXPECT_EQ(methods()[access::CreateTicket::method].name, "create_ticket");
}

TEST(RequestStructs, HoldListsAndWordsThatCppReserves) {
  json::object parameters{{"snapname", "before"}, {"node", "one"}, {"vmid", 100}, {"force", true}};
  auto request = read_request<nodes_qemu_snapshot::Delsnapshot>(parameters);
  EXPECT_EQ(request.snapname, "before");
  EXPECT_EQ(request.force, true);
  auto pool = read_request<pools::UpdatePool>(json::object{{"poolid", "a"}, {"delete", true}});
  EXPECT_EQ(pool.delete_, true);
}

TEST(RequestStructs, MissingRequiredParametersAreABug) {
  EXPECT_THROW(read_request<pools::UpdatePool>(json::object{}), std::logic_error);
}

}  // namespace
}  // namespace posada::api
