// Requests through the whole front: TLS, HTTP, frames, and back.
#include <array>
#include <atomic>

#include <sys/mman.h>
#include <sys/socket.h>

#include <signal.h>
#include <unistd.h>
#include <zlib.h>

#include "front/limits.h"
#include "sys/file.h"
#include "unit/front/front_fixture.h"

namespace posada::front {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Answers with what was asked, as JSON.
void echo(TestDaemon& daemon, Question question) {
  const RequestFrame& frame = question.frame;
  json::array path;
  for (const std::string& segment : frame.path) path.emplace_back(segment);
  json::object data{{"method", frame.method},
                    {"path", path},
                    {"parameters", frame.parameters},
                    {"ticket", frame.credential.ticket},
                    {"token", frame.credential.api_token},
                    {"csrf", frame.credential.csrf},
                    {"language", frame.language},
                    {"peer", frame.peer.address},
                    {"request", frame.request}};
  daemon.answer(json_answer(frame.id, json::serialize(data)));
}

json::value data_of(const HttpResponse& response) {
  return json::parse(response.body).as_object().at("data");
}

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 32);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK) {
    std::array<char, 65536> part;
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = part.size();
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(part.data(), part.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END ? out : "broken";
}

TEST_F(FrontTest, AFormReachesTheDaemonDecoded) {
  start(echo);
  TlsClient tls = client();
  HttpResponse response =
      tls.request("POST", "/api2/json//nodes/n1/qemu/?memory=2048&_dc=1",
                  "Content-Type: application/x-www-form-urlencoded\r\nAccept-Language: ca-ES,en\r\n"
                  "Cookie: PVEAuthCookie=PVE%3Aroot%40pam\r\nCSRFPreventionToken: c1\r\n",
                  "vmid=100&memory=1024&net0=virtio%2Cbridge%3Dvmbr0");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.reason, "OK");
  EXPECT_EQ(response.headers["content-type"], "application/json;charset=UTF-8");
  EXPECT_EQ(response.headers["server"], "pve-api-daemon/3.0");
  EXPECT_EQ(response.headers["cache-control"], "max-age=0");
  EXPECT_EQ(response.headers["pragma"], "no-cache");
  EXPECT_EQ(response.headers["expires"], response.headers["date"]);
  json::object data = data_of(response).as_object();
  EXPECT_EQ(data.at("method"), "POST");
  EXPECT_EQ(data.at("path"), json::parse(R"(["nodes","n1","qemu"])"));
  EXPECT_EQ(data.at("parameters"),
            json::parse(R"({"vmid":"100","memory":"2048","net0":"virtio,bridge=vmbr0"})"));
  EXPECT_EQ(data.at("ticket"), "PVE:root@pam");
  EXPECT_EQ(data.at("csrf"), "c1");
  EXPECT_EQ(data.at("language"), "ca");
  EXPECT_EQ(data.at("peer"), "127.0.0.1");
  EXPECT_EQ(data.at("request").as_string().size(), 16u);
}

TEST_F(FrontTest, JsonAndChunkedBodiesAreAccepted) {
  start(echo);
  TlsClient tls = client();
  HttpResponse response = tls.request("PUT", "/api2/json/x", "Content-Type: application/json\r\n",
                                      R"({"a":[1,true],"b":null})");
  EXPECT_EQ(data_of(response).as_object().at("parameters"),
            json::parse(R"({"a":[1,true],"b":null})"));
  tls.send("POST /api2/json/x HTTP/1.1\r\nHost: n\r\nTransfer-Encoding: chunked\r\n\r\n");
  tls.send("2\r\na=\r\n1\r\n7\r\n0\r\n\r\n");
  EXPECT_EQ(data_of(tls.response()).as_object().at("parameters"), json::parse(R"({"a":"7"})"));
}

TEST_F(FrontTest, ManyRequestsShareAConnectionAlsoAfterErrors) {
  start([](TestDaemon& daemon, Question question) {
    daemon.answer(json_error(question.frame.id, 500, "VM is locked (backup)"));
  });
  TlsClient tls = client();
  for (int i = 0; i < 150; ++i) {
    HttpResponse response = tls.request("GET", "/api2/json/x");
    ASSERT_EQ(response.status, 500) << i;
    ASSERT_EQ(response.reason, "VM is locked (backup)");
    ASSERT_EQ(response.headers["connection"], "Keep-Alive");
  }
}

TEST_F(FrontTest, PipelinedRequestsAreAnsweredInOrder) {
  start(echo);
  TlsClient tls = client();
  std::string text;
  for (int i = 0; i < 20; ++i) {
    text += "GET /api2/json/p" + std::to_string(i) + " HTTP/1.1\r\nHost: n\r\n\r\n";
  }
  tls.send(text);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(data_of(tls.response()).as_object().at("path"),
              json::parse("[\"p" + std::to_string(i) + "\"]"));
  }
}

TEST_F(FrontTest, TheExtjsVariantWrapsAnswersAndErrors) {
  start([](TestDaemon& daemon, Question question) {
    int status = question.frame.path[0] == "bad" ? 400 : question.frame.path[0] == "no" ? 401 : 200;
    daemon.answer(status == 200 ? json_answer(question.frame.id, "1")
                                : json_error(question.frame.id, status, "reason"));
  });
  TlsClient tls = client();
  HttpResponse good = tls.request("GET", "/api2/extjs/good");
  EXPECT_EQ(json::parse(good.body), json::parse(R"({"success":1,"data":1})"));
  HttpResponse bad = tls.request("GET", "/api2/extjs/bad");
  EXPECT_EQ(bad.status, 200);
  EXPECT_EQ(json::parse(bad.body),
            json::parse(R"({"success":0,"status":400,"data":null,"message":"reason\n"})"));
  EXPECT_EQ(tls.request("GET", "/api2/extjs/no").status, 401);
}

TEST_F(FrontTest, RefusalsBeforeTheDaemonHaveTheKnownTexts) {
  start(echo);
  TlsClient tls = client();
  HttpResponse unknown = tls.request("PATCH", "/api2/json/version");
  EXPECT_EQ(unknown.status, 501);
  EXPECT_EQ(unknown.reason, "method 'PATCH' not available");
  EXPECT_EQ(unknown.body, "");
  HttpResponse format = tls.request("GET", "/api2/html/nodes");
  EXPECT_EQ(format.reason, "no formatter for uri /nodes, format html");
  EXPECT_EQ(json::parse(format.body).as_object().at("message"),
            "no formatter for uri /nodes, format html\n");
  HttpResponse utf8 = tls.request("GET", "/api2/json/x?description=%FF");
  EXPECT_EQ(utf8.status, 400);
  EXPECT_TRUE(json::parse(utf8.body).as_object().at("errors").as_object().contains("description"));
  EXPECT_EQ(tls.request("GET", "/api2/extjs/x?a=%FF").status, 200);
  HttpResponse type = tls.request("POST", "/api2/json/x", "Content-Type: text/plain\r\n", "x");
  EXPECT_EQ(type.status, 506);
  HttpResponse body = tls.request("DELETE", "/api2/json/x", "", "x");
  EXPECT_EQ(body.reason, "Unexpected content for method 'DELETE'");
  EXPECT_EQ(body.headers["connection"], "close");
  EXPECT_TRUE(tls.wait_closed());
}

TEST_F(FrontTest, HeadAndOptionsAreAnswered) {
  start(echo);
  TlsClient tls = client();
  HttpResponse head = tls.request("HEAD", "/api2/json/version");
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.headers["content-length"], "0");
  HttpResponse options = tls.request("OPTIONS", "/api2/json/version");
  EXPECT_EQ(options.status, 204);
  EXPECT_THAT(options.headers["allow"], HasSubstr("DELETE"));
  EXPECT_EQ(options.headers.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(tls.request("GET", "/api2/json/version").status, 200);
}

TEST_F(FrontTest, ATooLargeBodyIsRefusedBeforeItIsSent) {
  start(echo);
  TlsClient tls = client();
  tls.send("POST /api2/json/x HTTP/1.1\r\nHost: n\r\nExpect: 100-continue\r\nContent-Length: " +
           std::to_string(max_body_bytes + 1) + "\r\n\r\n");
  HttpResponse response = tls.response();
  EXPECT_EQ(response.status, 501);
  EXPECT_EQ(response.reason, "for data too large");
  EXPECT_TRUE(tls.wait_closed());
}

TEST_F(FrontTest, LargeMemoryIsSentWholeAndCompressedOnRequest) {
  std::string text = "{\"data\":\"" + std::string(3'000'000, 'x') + "\"}";
  auto memory = std::make_shared<sys::Fd>(sys::sealed_memory("body", text));
  start([memory](TestDaemon& daemon, Question question) {
    ResponseFrame frame = json_answer(question.frame.id, "");
    frame.body = BodyKind::memory;
    frame.bytes.clear();
    daemon.answer(frame, memory->duplicate());
  });
  TlsClient tls = client();
  for (int turn = 0; turn < 2; ++turn) {  // the second time from the cache
    EXPECT_TRUE(tls.request("GET", "/api2/json/x").body == text);
    HttpResponse small = tls.request("GET", "/api2/json/x", "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(small.headers["content-encoding"], "gzip");
    EXPECT_TRUE(gunzip(small.body) == text);
    HttpResponse extjs = tls.request("GET", "/api2/extjs/x", "Accept-Encoding: deflate\r\n");
    EXPECT_EQ(extjs.headers["content-encoding"], "deflate");
    EXPECT_TRUE(gunzip(extjs.body) == "{\"success\":1," + text.substr(1));
    EXPECT_TRUE(tls.request("GET", "/api2/extjs/x").body == "{\"success\":1," + text.substr(1));
  }
}

TEST_F(FrontTest, MemoryThatMayStillChangeIsCopied) {
  start([](TestDaemon& daemon, Question question) {
    sys::Fd memory(::memfd_create("open", MFD_CLOEXEC));
    EXPECT_EQ(::write(memory.get(), "{\"data\":1}", 10), 10);
    ResponseFrame frame = json_answer(question.frame.id, "");
    frame.body = BodyKind::memory;
    daemon.answer(frame, std::move(memory));
  });
  TlsClient tls = client();
  EXPECT_EQ(tls.request("GET", "/api2/json/x").body, "{\"data\":1}");
}

TEST_F(FrontTest, AFileIsSentFromItsPosition) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i);
  std::string path = folder() + "/file";
  sys::write_file(path, text);
  start([path, size = text.size()](TestDaemon& daemon, Question question) {
    sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ::lseek(file.get(), 10, SEEK_SET);
    ResponseFrame frame;
    frame.id = question.frame.id;
    frame.body = BodyKind::file;
    frame.length = size - 10;
    frame.headers = {{"Content-Disposition", "attachment"}, {"Content-Length", "1"}};
    daemon.answer(frame, std::move(file));
  });
  TlsClient tls = client();
  HttpResponse response = tls.request("GET", "/api2/json/x");
  EXPECT_TRUE(response.body == text.substr(10));
  EXPECT_EQ(response.headers["content-disposition"], "attachment");
}

TEST_F(FrontTest, AStreamArrivesPieceByPiece) {
  auto [ours, theirs] = sys::socket_pair();
  auto given = std::make_shared<sys::Fd>(std::move(theirs));
  start([given](TestDaemon& daemon, Question question) {
    EXPECT_THAT(question.frame.path, ElementsAre("events"));
    EXPECT_EQ(question.frame.last_event_id, "e1:7");
    EXPECT_FALSE(question.frame.parameters.contains("last-event-id"));
    ResponseFrame frame;
    frame.id = question.frame.id;
    frame.content_type = "text/event-stream";
    frame.body = BodyKind::stream;
    daemon.answer(frame, std::move(*given));
  });
  TlsClient tls = client();
  tls.send("GET /api2/events HTTP/1.1\r\nHost: n\r\nLast-Event-ID: e1:7\r\n\r\n");
  EXPECT_THAT(tls.receive_until("\r\n\r\n"), HasSubstr("text/event-stream"));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(::send(ours.get(), "data: x\n\n", 9, 0), 9);
    EXPECT_EQ(tls.receive_until("\n\n\r\n"), "9\r\ndata: x\n\n\r\n");
  }
  ours.reset();
  EXPECT_EQ(tls.receive_until("0\r\n\r\n"), "0\r\n\r\n");
}

TEST_F(FrontTest, AStreamWhoseClientLeavesIsClosed) {
  auto [ours, theirs] = sys::socket_pair();
  auto given = std::make_shared<sys::Fd>(std::move(theirs));
  start([given](TestDaemon& daemon, Question question) {
    ResponseFrame frame;
    frame.id = question.frame.id;
    frame.body = BodyKind::stream;
    daemon.answer(frame, std::move(*given));
  });
  TlsClient tls = client();
  tls.send("GET /api2/events HTTP/1.1\r\nHost: n\r\n\r\n");
  tls.receive_until("\r\n\r\n");
  tls.close();
  timeval patience{20, 0};
  ::setsockopt(ours.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  char byte = 0;
  EXPECT_EQ(::recv(ours.get(), &byte, 1, 0), 0);
}

TEST_F(FrontTest, AClientThatLeavesCancelsItsRequest) {
  std::atomic<std::uint64_t> id = 0;
  start([&id](TestDaemon&, Question question) { id = question.frame.id; });
  TlsClient tls = client();
  tls.send("GET /api2/json/slow HTTP/1.1\r\nHost: n\r\n\r\n");
  while (id == 0) ::usleep(1000);
  tls.close();
  EXPECT_TRUE(daemon_->wait_cancelled(id));
}

TEST_F(FrontTest, AReasonWithLineEndsCannotAddHeaders) {
  start([](TestDaemon& daemon, Question question) {
    ResponseFrame frame = json_error(question.frame.id, 500, "first\nSet-Cookie: evil=1");
    frame.headers = {{"X-A", "v\r\nX-Evil: 1"}, {"Transfer-Encoding", "chunked"}};
    daemon.answer(frame);
  });
  TlsClient tls = client();
  HttpResponse response = tls.request("GET", "/api2/json/x");
  EXPECT_EQ(response.reason, "first");
  EXPECT_EQ(response.headers.count("set-cookie"), 0u);
  EXPECT_EQ(response.headers.count("x-evil"), 0u);
  EXPECT_EQ(response.headers.count("transfer-encoding"), 0u);
}

TEST_F(FrontTest, AnAnswerWithADelayIsHeldBackAndOthersPass) {
  start([](TestDaemon& daemon, Question question) {
    ResponseFrame frame = json_answer(question.frame.id, "1");
    if (question.frame.path[0] == "late") frame.delay_ms = 1000;
    daemon.answer(frame);
  });
  TlsClient late = client();
  TlsClient other = client();
  auto begin = std::chrono::steady_clock::now();
  late.send("GET /api2/json/late HTTP/1.1\r\nHost: n\r\n\r\n");
  EXPECT_EQ(other.request("GET", "/api2/json/now").status, 200);
  EXPECT_EQ(late.response().status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1000));
}

TEST_F(FrontTest, ThePageKeepsItsTicketInACookieThatScriptsCannotRead) {
  start([](TestDaemon& daemon, Question question) {
    bool second = question.frame.parameters.contains("partial");
    daemon.answer(json_answer(
        question.frame.id, second ? R"({"ticket":"PVE:!tfa!x","NeedTFA":1})"
                                  : R"({"ticket":"PVE:root@pam:1::a+b=","username":"root@pam"})"));
  });
  TlsClient tls = client();
  const std::string page = "X-Posada-Page: 1\r\nOrigin: https://node:8006\r\n";
  HttpResponse signed_in = tls.request("POST", "/api2/json/access/ticket", page, "username=root");
  EXPECT_EQ(signed_in.headers["set-cookie"],
            "PVEAuthCookie=PVE%3Aroot%40pam%3A1%3A%3Aa%2Bb%3D; HttpOnly; Secure; SameSite=Strict; "
            "Path=/");
  EXPECT_EQ(tls.request("POST", "/api2/json/access/ticket", "", "username=root")
                .headers.count("set-cookie"),
            0u);
  EXPECT_EQ(tls.request("POST", "/api2/json/access/ticket", page, "partial=1")
                .headers.count("set-cookie"),
            0u);
  HttpResponse out = tls.request("DELETE", "/api2/json/access/ticket", page);
  EXPECT_EQ(out.body, R"({"data":null})");
  EXPECT_THAT(out.headers["set-cookie"], HasSubstr("PVEAuthCookie=; Max-Age=0"));
}

TEST_F(FrontTest, APageRenewsByItsCookieWhereItGivesNoPassword) {
  start([](TestDaemon& daemon, Question question) {
    const json::value* password = question.frame.parameters.if_contains("password");
    daemon.answer(json_answer(question.frame.id, password ? json::serialize(*password) : "null"));
  });
  TlsClient tls = client();
  const std::string page = "X-Posada-Page: 1\r\nOrigin: https://node:8006\r\n";
  const std::string cookie = "Cookie: PVEAuthCookie=PVE%3Aroot\r\n";
  const std::string path = "/api2/json/access/ticket";
  EXPECT_EQ(tls.request("POST", path, page + cookie, "username=root").body,
            R"({"data":"PVE:root"})");
  EXPECT_EQ(tls.request("POST", path, page + cookie, "username=root&password=x").body,
            R"({"data":"x"})");
  EXPECT_EQ(tls.request("POST", path, page, "username=root").body, R"({"data":null})");
  EXPECT_EQ(tls.request("POST", path, cookie, "username=root").body, R"({"data":null})");
}

TEST_F(FrontTest, ACookieFromAForeignPageChangesNothing) {
  std::atomic<int> asked = 0;
  start([&asked](TestDaemon& daemon, Question question) {
    ++asked;
    echo(daemon, std::move(question));
  });
  TlsClient tls = client();
  const std::string foreign = "Cookie: PVEAuthCookie=PVE:x\r\nOrigin: https://evil.example\r\n";
  EXPECT_EQ(tls.request("POST", "/api2/json/nodes", foreign, "a=1").status, 403);
  EXPECT_EQ(tls.request("GET", "/api2/json/vncwebsocket",
                        foreign + "Connection: Upgrade\r\nUpgrade: websocket\r\n")
                .status,
            403);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(tls.request("GET", "/api2/json/nodes", foreign).status, 200);
  EXPECT_EQ(tls.request("POST", "/api2/json/nodes",
                        "Authorization: PVEAPIToken=t\r\nOrigin: https://evil.example\r\n", "a=1")
                .status,
            200);
}

TEST_F(FrontTest, TheLogNamesRequestsAndNoSecret) {
  start([](TestDaemon& daemon, Question question) {
    daemon.answer(json_error(question.frame.id, 401, "No ticket"));
  });
  TlsClient tls = client();
  tls.request("GET", "/api2/json/nodes/a%0Ab?vncticket=SECRET1",
              "Cookie: PVEAuthCookie=SECRET2\r\nAuthorization: PVEAPIToken=SECRET3\r\n");
  ASSERT_TRUE(wait_log("status=401"));
  EXPECT_THAT(log(), HasSubstr("path=\"/api2/json/nodes/a%0Ab\""));
  EXPECT_THAT(log(), Not(HasSubstr("SECRET")));
}

}  // namespace
}  // namespace posada::front
