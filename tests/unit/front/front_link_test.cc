// The front and a daemon that is not there, goes away, or talks nonsense; limits; the sandbox.
#include <atomic>
#include <fstream>

#include <sys/socket.h>

#include <signal.h>
#include <unistd.h>

#include "front/limits.h"
#include "sys/file.h"
#include "sys/file_replace.h"
#include "unit/front/front_fixture.h"

namespace posada::front {
namespace {

using testing::HasSubstr;

TEST_F(FrontTest, WithoutADaemonARequestIsToldToComeBack) {
  start_front();
  TlsClient tls = client();
  HttpResponse response = tls.request("GET", "/api2/json/version");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers["retry-after"], "2");
  EXPECT_EQ(json::parse(response.body).as_object().at("data"), nullptr);
}

TEST_F(FrontTest, ARequestWaitsForADaemonThatStarts) {
  start_front();
  TlsClient tls = client();
  tls.send("POST /api2/json/x HTTP/1.1\r\nHost: n\r\n\r\n");
  start_daemon(answer_one);
  EXPECT_EQ(tls.response().status, 200);
}

TEST_F(FrontTest, ARestartAsksReadsAgainAndTellsOfLostChanges) {
  std::atomic<int> asked = 0;
  start([&asked](TestDaemon&, Question) { ++asked; });  // never answers
  TlsClient reader = client();
  TlsClient writer = client();
  reader.send("GET /api2/json/x HTTP/1.1\r\nHost: n\r\n\r\n");
  writer.send("POST /api2/json/x HTTP/1.1\r\nHost: n\r\n\r\n");
  while (asked < 2) ::usleep(1000);
  daemon_.reset();
  start_daemon(answer_one);
  EXPECT_EQ(reader.response().status, 200);
  HttpResponse lost = writer.response();
  EXPECT_EQ(lost.status, 596);
  EXPECT_THAT(lost.reason, HasSubstr("check whether it took effect"));
}

TEST_F(FrontTest, ADaemonThatSendsNonsenseIsLeftAndJoinedAgain) {
  std::atomic<int> asked = 0;
  start([&asked](TestDaemon& daemon, Question question) {
    if (++asked == 1) {
      daemon.send_raw(FrameKind::response, "nonsense");
    } else {
      answer_one(daemon, std::move(question));
    }
  });
  TlsClient tls = client();
  EXPECT_EQ(tls.request("GET", "/api2/json/x").status, 200);
}

TEST_F(FrontTest, AnOpenStreamOutlivesTheDaemon) {
  auto [ours, theirs] = sys::socket_pair();
  auto given = std::make_shared<sys::Fd>(std::move(theirs));
  start([given](TestDaemon& daemon, Question question) {
    ResponseFrame frame;
    frame.id = question.frame.id;
    frame.body = BodyKind::stream;
    daemon.answer(frame, std::move(*given));
  });
  TlsClient tls = client();
  tls.send("GET /api2/json/download HTTP/1.1\r\nHost: n\r\n\r\n");
  tls.receive_until("\r\n\r\n");
  daemon_.reset();
  start_daemon(answer_one);
  ASSERT_TRUE(daemon_->wait_connected());
  ASSERT_EQ(::send(ours.get(), "rest", 4, 0), 4);
  ours.reset();
  EXPECT_EQ(tls.receive_until("0\r\n\r\n"), "4\r\nrest\r\n0\r\n\r\n");
  EXPECT_EQ(tls.request("GET", "/api2/json/version").status, 200);
}

TEST_F(FrontTest, PlainHttpIsSentToHttps) {
  start(answer_one);
  TlsClient plain(port(), false);
  plain.send("GET /a?b HTTP/1.1\r\nHost: node:8006\r\n\r\n");
  HttpResponse moved = plain.response();
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.headers["location"], "https://node:8006/a?b");
  EXPECT_TRUE(plain.wait_closed());
  TlsClient post(port(), false);
  post.send("POST /a HTTP/1.1\r\nHost: node:8006\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(post.response().status, 308);
  TlsClient noise(port(), false);
  noise.send("\x01\x02\x03\r\n\r\n");
  EXPECT_TRUE(noise.wait_closed());
}

TEST_F(FrontTest, ASlowHeadEndsTheConnectionAndNotTheServer) {
  start(answer_one);
  TlsClient slow = client();
  slow.send("GET /api2/json/x HTTP/1.1\r\nHost: n\r\nX: ");
  TlsClient silent(port(), false);
  EXPECT_EQ(client().request("GET", "/api2/json/x").status, 200);
  EXPECT_TRUE(slow.wait_closed());
  EXPECT_TRUE(silent.wait_closed());
}

TEST_F(FrontTest, OneAddressHasSoManyConnections) {
  start(answer_one);
  // Loopback itself is exempt, which 200 connections show.
  std::vector<TlsClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().connected()) << i;
  }
  EXPECT_EQ(clients.back().request("GET", "/api2/json/x").status, 200);
}

TEST_F(FrontTest, TheProcessHasNoPrivilege) {
  start(answer_one);
  std::string status = sys::read_file("/proc/" + std::to_string(front_pid()) + "/status");
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1\n"));
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2\n"));
  EXPECT_THAT(status, HasSubstr("CapPrm:\t0000000000000000\n"));
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000\n"));
  if (::geteuid() == 0) {
    EXPECT_THAT(status, HasSubstr("CapBnd:\t0000000000000000\n"));
    EXPECT_THAT(status, testing::Not(HasSubstr("Uid:\t0")));
  }
}

TEST_F(FrontTest, ANewCertificateIsServedAfterTheSignal) {
  start(answer_one);
  TlsClient before = client();
  EXPECT_EQ(before.certificate_name(), "node");
  write_certificate("renewed");  // in place: nobody but the folder's owner may open the key
  ::kill(front_pid(), SIGHUP);
  ASSERT_TRUE(wait_log("certificate event=reloaded")) << log();
  EXPECT_EQ(before.request("GET", "/api2/json/x").status, 200);
  TlsClient after = client();
  EXPECT_EQ(after.certificate_name(), "renewed");
  EXPECT_EQ(after.request("GET", "/api2/json/x").status, 200);
}

TEST_F(FrontTest, ABrokenCertificateKeepsTheOldOne) {
  start(answer_one);
  sys::write_in_place(folder() + "/cert.pem", "nonsense", 0644);
  ::kill(front_pid(), SIGHUP);
  ASSERT_TRUE(wait_log("certificate event=kept_old")) << log();
  EXPECT_EQ(client().request("GET", "/api2/json/x").status, 200);
}

TEST_F(FrontTest, PageFilesHaveTheirHeaders) {
  start(answer_one);
  TlsClient tls = client();
  HttpResponse index = tls.request("GET", "/");
  EXPECT_EQ(index.body, "<html>the page</html>");
  EXPECT_EQ(index.headers["cache-control"], "no-cache");
  EXPECT_THAT(index.headers["content-security-policy"], HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(index.headers["x-content-type-options"], "nosniff");
  EXPECT_EQ(index.headers.count("strict-transport-security"), 0u);  // self-signed
  EXPECT_EQ(tls.request("GET", "/guests/100").body, index.body);
  HttpResponse asset = tls.request("GET", "/assets/app-1234.js", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(asset.headers["content-type"], "text/javascript; charset=utf-8");
  EXPECT_THAT(asset.headers["cache-control"], HasSubstr("immutable"));
  EXPECT_EQ(asset.headers["content-encoding"], "gzip");
  EXPECT_LT(asset.body.size(), 500u);
  HttpResponse again = tls.request("GET", "/", "If-None-Match: " + index.headers["etag"] + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(tls.request("HEAD", "/").headers["content-length"], "21");
  EXPECT_EQ(tls.request("GET", "/api2/openapi.json").body, "{\"openapi\":\"3.1.0\"}");
}

TEST_F(FrontTest, PrecompressedNeighboursAreServed) {
  sys::write_file(folder() + "/page/assets/app-1234.js.br", "brotli bytes");
  start(answer_one);
  TlsClient tls = client();
  HttpResponse asset = tls.request("GET", "/assets/app-1234.js", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(asset.headers["content-encoding"], "br");
  EXPECT_EQ(asset.body, "brotli bytes");
}

TEST_F(FrontTest, NoPageNameLeadsOutOfTheFolder) {
  sys::write_file(folder() + "/secret.txt", "secret");
  ASSERT_EQ(::symlink((folder() + "/secret.txt").c_str(), (folder() + "/page/link.txt").c_str()),
            0);
  sys::write_file(folder() + "/page/.hidden.txt", "secret");
  start(answer_one);
  TlsClient tls = client();
  for (const char* path :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt",
        "/link.txt", "/.hidden.txt", "/missing.js", "/assets/app-1234.js%00.txt"}) {
    HttpResponse response = tls.request("GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.body.find("secret\n"), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace posada::front
