// The parser against what attackers and old clients send. A request is read alike whether it comes
// in one piece or byte by byte.
#include "front/http_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "front/limits.h"
#include "front/refusal.h"

namespace posada::front {
namespace {

struct Parsed {
  int refused = 0;
  std::string reason;
  RequestHead head;
  std::string body;
  std::string rest;
  bool done = false;
};

Parsed parse(const std::string& text, std::size_t piece) {
  Parsed parsed;
  RequestParser parser;
  std::string input;
  try {
    for (std::size_t at = 0; at < text.size() && !parser.done(); at += piece) {
      input += text.substr(at, piece);
      std::size_t taken = 1;
      while (taken > 0 && !parser.done()) {
        taken = parser.feed(input);
        input.erase(0, taken);
      }
      if (parser.done()) input += text.substr(std::min(text.size(), at + piece));
    }
    parsed.done = parser.done();
    parsed.head = parser.head();
    parsed.body = parser.take_body();
    parsed.rest = input;
  } catch (const Refusal& refusal) {
    parsed.refused = refusal.status();
    parsed.reason = refusal.reason();
    EXPECT_TRUE(refusal.closes()) << text;
  }
  return parsed;
}

Parsed parse_both_ways(const std::string& text) {
  Parsed whole = parse(text, text.size());
  Parsed bytes = parse(text, 1);
  EXPECT_EQ(whole.refused, bytes.refused) << text;
  EXPECT_EQ(whole.body, bytes.body) << text;
  EXPECT_EQ(whole.rest, bytes.rest) << text;
  EXPECT_EQ(whole.done, bytes.done) << text;
  return whole;
}

TEST(HttpRequest, HeadAndBodyAreSeparatedFromTheNextRequest) {
  Parsed parsed = parse_both_ways(
      "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Thing:  v w \r\nContent-Length: 3\r\n\r\nx=1GET / "
      "HTTP");
  EXPECT_EQ(parsed.refused, 0);
  EXPECT_EQ(parsed.head.method, "POST");
  EXPECT_EQ(parsed.head.target, "/a?b=c");
  EXPECT_EQ(parsed.head.field("x-thing"), "v w");
  EXPECT_TRUE(parsed.head.keep_alive);
  EXPECT_EQ(parsed.body, "x=1");
  EXPECT_EQ(parsed.rest, "GET / HTTP");
}

TEST(HttpRequest, ChunkedBodiesAreJoinedAndTrailersIgnored) {
  Parsed parsed = parse_both_ways(
      "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nCookie: PVEAuthCookie=evil\r\n\r\nREST");
  EXPECT_EQ(parsed.refused, 0);
  EXPECT_EQ(parsed.body, "abc0123456789");
  EXPECT_EQ(parsed.rest, "REST");
  EXPECT_EQ(parsed.head.field("cookie"), "");
}

TEST(HttpRequest, KeepAliveFollowsTheVersionAndTheConnectionHeader) {
  EXPECT_FALSE(parse_both_ways("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(parse_both_ways("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(
      parse_both_ways("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").head.keep_alive);
}

TEST(HttpRequest, AWebSocketIsAskedForByBothHeaders) {
  EXPECT_TRUE(parse_both_ways("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n"
                              "Upgrade: WebSocket\r\n\r\n")
                  .head.websocket);
  EXPECT_FALSE(
      parse_both_ways("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n").head.websocket);
}

struct BadRequest {
  const char* text;
  int status;
};

class Smuggling : public testing::TestWithParam<BadRequest> {};

TEST_P(Smuggling, IsRefusedAndTheConnectionClosed) {
  Parsed parsed = parse_both_ways(GetParam().text);
  EXPECT_EQ(parsed.refused, GetParam().status) << GetParam().text << "\n" << parsed.reason;
}

#define HEAD "POST / HTTP/1.1\r\nHost: h\r\n"
INSTANTIATE_TEST_SUITE_P(
    HttpRequest, Smuggling,
    testing::Values(
        BadRequest{HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        BadRequest{HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
        BadRequest{HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        BadRequest{HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
        BadRequest{HEAD "Content-Length: 3, 3\r\n\r\nabc", 400},
        BadRequest{HEAD "Content-Length: +3\r\n\r\nabc", 400},
        BadRequest{HEAD "Content-Length: -1\r\n\r\nabc", 400},
        BadRequest{HEAD "Content-Length: 0x3\r\n\r\nabc", 400},
        BadRequest{HEAD "Content-Length: 99999999999999999999\r\n\r\nabc", 400},
        BadRequest{HEAD "Content-Length:\r\n\r\nabc", 400},
        BadRequest{HEAD "Content-Length : 3\r\n\r\nabc", 400},
        BadRequest{HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
        BadRequest{HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        BadRequest{
            HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400},
        BadRequest{HEAD "Transfer-Encoding: identity\r\n\r\n", 501},
        BadRequest{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
        BadRequest{HEAD "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
        BadRequest{HEAD "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", 400},
        BadRequest{HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n", 400},
        BadRequest{HEAD "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
        BadRequest{HEAD "Transfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n", 501},
        BadRequest{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        BadRequest{"GET / HTTP/1.1\r\n\r\n", 400},
        BadRequest{"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 506}, BadRequest{"GET /\r\n\r\n", 400},
        BadRequest{"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        BadRequest{"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 506},
        BadRequest{"GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n", 400},
        BadRequest{"GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", 400},
        BadRequest{"GET / HTTP/1.1\r\nHost: h\r\nX: a\x01"
                   "b\r\n\r\n",
                   400},
        BadRequest{"G\x01T / HTTP/1.1\r\nHost: h\r\n\r\n", 400}));

TEST(HttpRequest, MoreThan64HeadersAreRefused) {
  auto with_headers = [](std::size_t count) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (std::size_t i = 1; i < count; ++i) text += "X-" + std::to_string(i) + ": v\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(parse_both_ways(with_headers(max_header_lines)).refused, 0);
  Parsed parsed = parse_both_ways(with_headers(max_header_lines + 1));
  EXPECT_EQ(parsed.refused, 431);
  EXPECT_EQ(parsed.reason, "too many http header lines (> 64)");
}

TEST(HttpRequest, AHeadOfMoreThan16KiBIsRefused) {
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(max_head_bytes, 'x');
  EXPECT_EQ(parse(text, text.size()).refused, 431);
  EXPECT_EQ(parse(text, 100).refused, 431);
  std::string line = "GET /" + std::string(max_head_bytes, 'x');
  EXPECT_EQ(parse(line, 100).refused, 431);
}

TEST(HttpRequest, ABodyOfMoreThanOneMiBIsRefused) {
  std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  std::string plain = head + "Content-Length: " + std::to_string(max_body_bytes + 1) + "\r\n\r\n" +
                      std::string(max_body_bytes + 1, 'x');
  EXPECT_EQ(parse(plain, 16384).refused, 501);
  std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) chunked += "10000\r\n" + std::string(65536, 'x') + "\r\n";
  Parsed parsed = parse(chunked + "0\r\n\r\n", 16384);
  EXPECT_EQ(parsed.refused, 501);
  EXPECT_EQ(parsed.reason, "for data too large");
}

TEST(HttpRequest, BareLineFeedsEndNoHead) {
  std::string text = "GET / HTTP/1.1\nHost: h\n\n";
  EXPECT_FALSE(parse(text, text.size()).done);
  EXPECT_FALSE(parse(text, 1).done);
}

TEST(HttpRequest, AChunkHeadWithoutEndIsRefused) {
  std::string text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;";
  EXPECT_EQ(parse(text + std::string(2 * max_head_bytes, 'x'), 1000).refused, 400);
}

}  // namespace
}  // namespace posada::front
