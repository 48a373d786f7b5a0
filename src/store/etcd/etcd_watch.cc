#include "store/etcd/etcd_watch.h"

namespace posada::store::etcd {

struct EtcdWatch::State {
  State(const sys::Executor& executor, Source from)
      : source(std::move(from)),
        queue(std::make_shared<WatchQueue>(executor)),
        ended(executor),
        scope(executor) {}

  void end() {
    queue->finish();
    source.opened.lines->close();
    ended.set();
  }

  Source source;
  std::shared_ptr<WatchQueue> queue;
  sys::Event ended;
  sys::Scope scope;
};

namespace {

using Shared = std::shared_ptr<EtcdWatch::State>;

// Hands on what a line brings; false when the watch cannot go on.
bool take_line(EtcdWatch::State& state, const std::string& line) {
  boost::system::error_code failure;
  const json::value message = json::parse(line, failure);
  const json::object* object = failure ? nullptr : message.if_object();
  const json::value* member = object == nullptr ? nullptr : object->if_contains("result");
  const json::object* result = member == nullptr ? nullptr : member->if_object();
  if (result == nullptr) return false;
  const json::value* cancelled = result->if_contains("canceled");
  if (cancelled != nullptr && cancelled->is_bool() && cancelled->get_bool()) return false;
  for (Batch& batch : batches_of(state.source.layout, *result, state.source.epoch)) {
    if (!state.queue->push(std::move(batch))) return false;
  }
  return true;
}

sys::Async<void> read_lines(Shared state) {
  while (true) {
    const std::optional<std::string> line = co_await state->source.opened.lines->next();
    if (!line || !take_line(*state, *line)) break;
  }
  state->end();
}

// Asks the member for something that it answers alone, so that only its own death counts: the
// member itself ends the watch when it has lost its leader.
sys::Async<void> check_member(Shared state) {
  json::object request = key_request(state->source.layout.epoch_key());
  request["serializable"] = true;
  request["keys_only"] = true;
  const std::string body = json::serialize(request);
  while (!co_await state->ended.wait_for(state->source.check_every)) {
    const HttpResult result =
        co_await state->source.opened.member->post("/v3/kv/range", body, state->source.deadlines);
    if (result.kind != HttpResult::Kind::answered || result.status != 200) break;
  }
  state->end();
}

}  // namespace

EtcdWatch::EtcdWatch(const sys::Executor& executor, Source source)
    : state_(std::make_shared<State>(executor, std::move(source))) {
  state_->scope.spawn("etcd watch", read_lines(state_));
  state_->scope.spawn("etcd watch check", check_member(state_));
}

EtcdWatch::~EtcdWatch() {
  state_->end();
  state_->scope.stop();
}

sys::Async<std::optional<Batch>> EtcdWatch::next() {
  return WatchQueue::next(state_->queue);
}
bool EtcdWatch::is_over() const {
  return state_->queue->is_over();
}
void EtcdWatch::close() {
  state_->end();
}

}  // namespace posada::store::etcd
