#include "store/etcd/cluster.h"

#include <algorithm>

namespace posada::store::etcd {

namespace {

Error unavailable(const std::string& reasons) {
  return Error::failed("store.unavailable", "the store cannot be reached (" + reasons + ")",
                       {{"reason", reasons}})
      .with_hint(
          "Nothing was changed. Running guests go on; configuration can be changed again when most "
          "of the cluster's voting nodes are back.");
}

Error outcome_unknown(const std::string& reason) {
  return Error::failed(
             "store.outcome-unknown",
             "the store did not confirm the change, which may or may not have been made (" +
                 reason + ")",
             {{"reason", reason}})
      .with_hint("Look at the present state before you try again.");
}

std::optional<json::object> parse_object(const std::string& body) {
  boost::system::error_code failure;
  json::value value = json::parse(body, failure);
  if (failure || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

}  // namespace

const json::object& Answer::value() const {
  if (!message) throw error_of(refusal);
  return *message;
}

Cluster::Cluster(sys::Executor executor, sys::Clock& clock,
                 const std::vector<std::string>& endpoints, sys::Milliseconds deadline)
    : clock_(clock), deadline_(deadline) {
  for (const std::string& endpoint : endpoints) {
    members_.push_back(std::make_shared<HttpClient>(executor, HttpEndpoint::parse(endpoint)));
  }
  if (members_.empty()) throw Error::failed("store.failed", "no etcd endpoint is given");
}

std::vector<std::size_t> Cluster::order() const {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    indices.push_back((preferred_ + i) % members_.size());
  }
  return indices;
}

HttpDeadlines Cluster::deadlines(sys::BootTime until, std::size_t members_left,
                                 Effect effect) const {
  const auto left = std::max<sys::Milliseconds>(
      std::chrono::duration_cast<sys::Milliseconds>(until - clock_.boot_time()),
      sys::Milliseconds(1));
  const auto share =
      std::max<sys::Milliseconds>(left / static_cast<int>(members_left), sys::Milliseconds(1));
  // What was sent once must be waited for; only what may be sent again leaves time for others.
  return {share, effect == Effect::once ? left : share};
}

sys::Async<Answer> Cluster::call(std::string path, std::string body, Effect effect) {
  const sys::BootTime until = clock_.boot_time() + deadline_;
  std::string reasons;
  std::size_t members_left = members_.size();
  for (const std::size_t index : order()) {
    const std::shared_ptr<HttpClient> member = members_[index];
    HttpResult result = co_await member->post(path, body, deadlines(until, members_left, effect));
    --members_left;
    std::string reason = result.reason;
    if (result.kind == HttpResult::Kind::answered) {
      preferred_ = index;
      if (result.status == 200) {
        Answer answer{parse_object(result.body), {}};
        if (answer.message) co_return answer;
        reason = "malformed answer";
      } else {
        Refusal refusal = refusal_of(result.status, result.body);
        if (!refusal.elsewhere && !refusal.unknown) co_return Answer{std::nullopt, refusal};
        reason = refusal.text;
        if (refusal.elsewhere) result.kind = HttpResult::Kind::not_sent;
      }
    }
    if (effect == Effect::once && result.kind != HttpResult::Kind::not_sent) {
      throw outcome_unknown(member->endpoint().text() + ": " + reason);
    }
    reasons += (reasons.empty() ? "" : "; ") + member->endpoint().text() + ": " + reason;
    preferred_ = (index + 1) % members_.size();
    if (clock_.boot_time() >= until) break;
  }
  throw unavailable(reasons);
}

sys::Async<Cluster::Opened> Cluster::open(std::string path, std::string body) {
  const sys::BootTime until = clock_.boot_time() + deadline_;
  std::size_t members_left = members_.size();
  for (const std::size_t index : order()) {
    const std::shared_ptr<HttpClient> member = members_[index];
    std::shared_ptr<HttpLines> lines = co_await member->post_for_lines(
        path, body, deadlines(until, members_left, Effect::repeatable));
    --members_left;
    if (lines) co_return Opened{member, std::move(lines)};
    if (clock_.boot_time() >= until) break;
  }
  throw unavailable("no member opens a watch");
}

}  // namespace posada::store::etcd
