// Which handler serves which method. The table of methods comes from the schema; a method
// without a handler is known and answers 501 with its name.
#pragma once

#include <vector>

#include "api/call.h"

namespace posada::api {

class Router {
 public:
  Router();

  // Binds a handler to the method that the generated struct `Request` belongs to:
  //   router.on<nodes_qemu::CreateVm>(create_vm);
  // with `Async<Answer> create_vm(Call& call, nodes_qemu::CreateVm request)`.
  template <class Request>
  void on(sys::Async<Answer> (*handler)(Call&, Request)) {
    bind(Request::method, [handler](Call& call) -> sys::Async<Answer> {
      return handler(call, read_request<Request>(call.parameters));
    });
  }

  void bind(MethodId method, Handler handler);

  const Handler* find(MethodId method) const;
  bool implements(MethodId method) const { return find(method) != nullptr; }
  std::size_t implemented() const;
  // [{"method", "path", "name", "implemented", "params": {name: {"type", "optional"}}}, …]
  json::array list() const;

 private:
  std::vector<Handler> handlers_;
};

// Every handler of this program; the composition root calls it once.
void register_handlers(Router& router);

}  // namespace posada::api
