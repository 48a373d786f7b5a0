// Calls to the members of an etcd cluster: the member that answered last is asked first, the others
// take over, and all of it ends within one deadline.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/etcd/gateway.h"
#include "store/etcd/http_client.h"
#include "sys/clock.h"

namespace posada::store::etcd {

// Whether a call may be made twice when the first answer is lost.
enum class Effect { repeatable, once };

struct Answer {
  std::optional<json::object> message;
  Refusal refusal;  // when there is no message: a definite refusal

  // The message; throws what the refusal means.
  const json::object& value() const;
};

class Cluster {
 public:
  Cluster(sys::Executor executor, sys::Clock& clock, const std::vector<std::string>& endpoints,
          sys::Milliseconds deadline);

  // Throws `store.unavailable` or `store.outcome-unknown`.
  sys::Async<Answer> call(std::string path, std::string body, Effect effect);
  // Opens an answer without an end at a member that gives one, and tells which.
  struct Opened {
    std::shared_ptr<HttpClient> member;
    std::shared_ptr<HttpLines> lines;
  };
  sys::Async<Opened> open(std::string path, std::string body);

 private:
  // The members, the one that answered last first.
  std::vector<std::size_t> order() const;
  HttpDeadlines deadlines(sys::BootTime until, std::size_t members_left, Effect effect) const;

  sys::Clock& clock_;
  sys::Milliseconds deadline_;
  std::vector<std::shared_ptr<HttpClient>> members_;
  std::size_t preferred_ = 0;
};

}  // namespace posada::store::etcd
