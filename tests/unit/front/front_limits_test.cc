// What one client, one address and all of them may take; what a client too many hears.
#include <atomic>
#include <cstdlib>
#include <thread>

#include <sys/resource.h>
#include <sys/socket.h>

#include <sched.h>
#include <unistd.h>

#include "front/limits.h"
#include "front/stream.h"
#include "sys/channel.h"
#include "sys/loop.h"
#include "unit/front/front_fixture.h"

namespace posada::front {
namespace {

using testing::HasSubstr;

// The test itself holds as many connections as the front may.
bool may_open(std::size_t descriptors) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_max >= descriptors;
}

std::vector<TlsClient> silent_clients(std::size_t count, std::uint16_t port, const char* address) {
  std::vector<TlsClient> clients;
  while (clients.size() < count) clients.emplace_back(port, false, address);
  return clients;
}

void expect_refused(TlsClient tls, const std::string& reason) {
  HttpResponse refused = tls.request("GET", "/api2/json/version");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers["retry-after"], "2");
  EXPECT_EQ(refused.headers["connection"], "close");
  EXPECT_THAT(refused.body, HasSubstr(reason));
  EXPECT_TRUE(tls.wait_closed());
}

TEST_F(FrontTest, WhenAllConnectionsAreTakenANewOneIsToldToComeBack) {
  if (!may_open(max_connections + 200)) GTEST_SKIP() << "needs more open files than are allowed";
  start(answer_one);
  TlsClient served = client();
  ASSERT_TRUE(served.connected());
  std::vector<TlsClient> taken = silent_clients(max_connections - 1, port(), "127.0.0.1");
  expect_refused(client(), "too many connections");
  EXPECT_EQ(served.request("GET", "/api2/json/x").status, 200);
  taken.pop_back();
  EXPECT_TRUE(wait_log("event=refused"));
  // The place that came free is found again; until then 503 is the right answer.
  int status = 0;
  for (int attempt = 0; attempt < 200 && status != 200; ++attempt) {
    status = client().request("GET", "/api2/json/x").status;
  }
  EXPECT_EQ(status, 200);
}

TEST_F(FrontTest, RefusalsThemselvesAreBounded) {
  if (!may_open(max_connections + 400)) GTEST_SKIP() << "needs more open files than are allowed";
  start(answer_one);
  std::vector<TlsClient> taken =
      silent_clients(max_connections + max_refused_connections, port(), "127.0.0.1");
  // One more gets no handshake: its connection is closed at once.
  EXPECT_FALSE(client().connected());
}

// In a network namespace, where a client has an address that is not loopback's.
TEST_F(FrontTest, OneAddressMayNotTakeThePlacesOfOthers) {
  bool possible = false;
  std::thread place([this, &possible] {
    possible = ::unshare(CLONE_NEWNET) == 0 && std::system("ip link set lo up") == 0 &&
               std::system("ip address add 10.99.0.1/32 dev lo") == 0;
    if (!possible) return;
    start_daemon(answer_one);
    start_front({}, "0.0.0.0");
    ASSERT_TRUE(daemon_->wait_connected());
    std::vector<TlsClient> taken = silent_clients(max_connections_per_address, port(), "10.99.0.1");
    expect_refused(TlsClient(port(), true, "10.99.0.1"), "from your address");
    EXPECT_EQ(client().request("GET", "/api2/json/x").status, 200);
  });
  place.join();
  if (!possible) GTEST_SKIP() << "needs a network namespace";
}

TEST_F(FrontTest, AnswersThatAreHeldBackAreBounded) {
  if (!may_open(2 * max_delayed_answers)) GTEST_SKIP() << "needs more open files than are allowed";
  std::atomic<std::size_t> asked = 0;
  start([&asked](TestDaemon& daemon, Question question) {
    ++asked;
    ResponseFrame frame = json_error(question.frame.id, 401, "authentication failure");
    frame.delay_ms = 60'000;
    daemon.answer(frame);
  });
  std::vector<TlsClient> waiting;
  for (std::size_t i = 0; i < max_delayed_answers; ++i) {
    waiting.push_back(client());
    waiting.back().send("GET /api2/json/x HTTP/1.1\r\nHost: n\r\n\r\n");
  }
  while (asked < max_delayed_answers) ::usleep(1000);
  TlsClient last = client();
  last.send("GET /api2/json/x HTTP/1.1\r\nHost: n\r\n\r\n");
  EXPECT_TRUE(last.wait_closed());
}

// A stream on a loop, with the sweeper's time in the test's hands.
struct Sweeping {
  Sweeping() {
    auto [ours, theirs] = sys::socket_pair();
    stream = std::make_shared<Stream>(loop.executor(), std::move(ours));
    peer = std::move(theirs);
  }
  // Whether the client is still welcome at `second`, having sent `bytes` just before.
  bool stays(int second, std::string_view bytes) {
    if (!bytes.empty()) (void)!::write(peer.get(), bytes.data(), bytes.size());
    const sys::BootTime now = sys::BootTime(std::chrono::seconds(1000 + second));
    loop.run_until(fill_a_moment(*this, now));
    return !stream->closed();
  }
  static sys::Async<void> read_on(std::shared_ptr<Stream> stream) {
    try {
      while (co_await stream->fill()) stream->consume(stream->input().size());
    } catch (const ClientGone&) {
      // Swept away: the test looks at the stream.
    }
  }
  static sys::Async<void> fill_a_moment(Sweeping& self, sys::BootTime now) {
    sys::Scope scope(self.loop.executor());
    scope.spawn("reader", read_on(self.stream));
    for (int turn = 0; turn < 5; ++turn) co_await sys::yield_to_loop();
    self.stream->sweep(now);
    for (int turn = 0; turn < 5; ++turn) co_await sys::yield_to_loop();
    scope.stop();
    co_await scope.join();
  }
  sys::Loop loop;
  std::shared_ptr<Stream> stream;
  sys::Fd peer;
};

TEST(StreamLimits, AClientThatSaysNothingLongerThanTheIdleTimeIsLeft) {
  Sweeping sweeping;
  EXPECT_TRUE(sweeping.stays(0, "x"));
  EXPECT_TRUE(sweeping.stays(29, ""));
  EXPECT_TRUE(sweeping.stays(30, "x"));
  EXPECT_TRUE(sweeping.stays(59, ""));
  EXPECT_FALSE(sweeping.stays(61, ""));
  EXPECT_TRUE(sweeping.stream->timed_out());
}

TEST(StreamLimits, WhoTricklesOnIsLeftAtTheDeadlineAllTheSame) {
  Sweeping sweeping;
  sweeping.stream->set_deadline(sys::BootTime(std::chrono::seconds(1060)));
  for (int second = 0; second <= 60; second += 5) {
    EXPECT_TRUE(sweeping.stays(second, "x")) << second;
  }
  EXPECT_FALSE(sweeping.stays(61, "x"));
}

}  // namespace
}  // namespace posada::front
