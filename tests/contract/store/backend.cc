#include "contract/store/backend.h"

#include <cstdlib>
#include <stdexcept>

#include "contract/store/etcd_server.h"
#include "contract/store/until.h"
#include "store/etcd/etcd_store.h"
#include "store/sqlite/sqlite_store.h"
#include "sys/file.h"

namespace posada::store::testing {

namespace {

class SqliteBackend final : public Backend {
 public:
  // One process has the file to itself, so all clients are the same object.
  std::shared_ptr<Store> client(sys::Executor executor, sys::Clock& clock) override {
    std::shared_ptr<Store> store = shared_.lock();
    if (!store) {
      SqliteStore::Options options{folder_.file("store.db"), 1000};
      store = std::make_shared<SqliteStore>(std::move(executor), clock, std::move(options));
      shared_ = store;
    }
    return store;
  }

 private:
  TemporaryFolder folder_;
  std::weak_ptr<Store> shared_;
};

// All tests share one server; each has keys of its own.
class EtcdBackend final : public Backend {
 public:
  EtcdBackend() {
    static int serial = 0;
    root_ = "test-" + std::to_string(++serial) + "/";
  }
  std::shared_ptr<Store> client(sys::Executor executor, sys::Clock& clock) override {
    EtcdStore::Options options;
    options.endpoints = {shared_etcd().endpoint()};
    options.root = root_;
    return std::make_shared<EtcdStore>(std::move(executor), clock, std::move(options));
  }

 private:
  std::string root_;
};

sys::Async<void> run_body(sys::Async<void> (*body)(Context&), Context& context) {
  co_await body(context);
  context.store.reset();
}

struct NextResult {
  explicit NextResult(const sys::Executor& executor) : done(executor) {}
  sys::Event done;
  std::optional<Batch> batch;
};

sys::Async<void> take_next(std::shared_ptr<Watch> watch, std::shared_ptr<NextResult> result) {
  result->batch = co_await watch->next();
  result->done.set();
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = "/tmp/posada-store-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  sys::remove_tree(path_);
}

void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error("not so: " + what);
}

sys::Async<void> until(std::function<bool()> holds, std::string what, std::chrono::seconds time) {
  const sys::SystemClock clock;
  const sys::BootTime deadline = clock.boot_time() + time;
  while (!holds()) {
    require(clock.boot_time() < deadline, what);
    sys::Event pause(co_await boost::asio::this_coro::executor);
    co_await pause.wait_for(sys::Milliseconds(5));
  }
}

sys::Async<std::optional<Batch>> next_within(std::shared_ptr<Watch> watch, sys::Milliseconds time) {
  const sys::Executor executor = co_await boost::asio::this_coro::executor;
  auto result = std::make_shared<NextResult>(executor);
  sys::Scope scope(executor);
  scope.spawn("next batch", take_next(watch, result));
  const bool came = co_await result->done.wait_for(time);
  scope.stop();
  co_await scope.join();
  if (!came) co_return std::nullopt;
  co_return result->batch;
}

const std::vector<BackendKind>& backend_kinds() {
  static const std::vector<BackendKind> kinds{
      {"sqlite", [] { return std::string(); },
       []() -> std::unique_ptr<Backend> { return std::make_unique<SqliteBackend>(); }},
      {"etcd", missing_etcd,
       []() -> std::unique_ptr<Backend> { return std::make_unique<EtcdBackend>(); }},
  };
  return kinds;
}

void PrintTo(const BackendKind& kind, std::ostream* out) {
  *out << kind.name;
}

void StoreContract::SetUp() {
  const std::string missing = GetParam().missing();
  if (!missing.empty()) GTEST_SKIP() << missing;
}

void StoreContract::run(sys::Async<void> (*body)(Context&)) {
  const std::unique_ptr<Backend> backend = GetParam().make();
  sys::SystemClock clock;
  sys::Loop loop;
  Context context{loop.executor(), clock, *backend, backend->client(loop.executor(), clock)};
  loop.run(run_body(body, context));
}

}  // namespace posada::store::testing
