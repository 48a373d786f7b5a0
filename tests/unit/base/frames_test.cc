#include "base/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/packed.h"

namespace posada {
namespace {

RequestFrame sample_request() {
  RequestFrame frame;
  frame.id = 0x0123456789abcdef;
  frame.request = "00ff00ff00ff00ff";
  frame.peer = {"2001:db8::1", 65535};
  frame.method = "POST";
  frame.path = {"nodes", "n1", "", std::string("a\0b", 3)};
  frame.parameters =
      json::parse(R"({"a":"x","b":["1","2"],"n":-7,"o":{"deep":[null,true]}})").as_object();
  frame.credential = {"PVE:root@pam:1::sig", "root@pam!t=uuid", "token"};
  frame.language = "ca";
  frame.origin = "https://host:8006";
  frame.deadline_ms = 30000;
  frame.upgrade = true;
  frame.has_upload = true;
  return frame;
}

ResponseFrame sample_response() {
  ResponseFrame frame;
  frame.id = 7;
  frame.status = 599;
  frame.reason = "too many redirections";
  frame.content_type = "application/json;charset=UTF-8";
  frame.headers = {{"Retry-After", "2"}, {"X-A", ""}};
  frame.body = BodyKind::terminal_console;
  frame.bytes = std::string("\0\xff{}", 4);
  frame.length = 1ull << 40;
  frame.gzip_allowed = false;
  frame.delay_ms = 3000;
  frame.greeting = "root@pam:ticket";
  frame.console = "guest/100/serial0";
  return frame;
}

std::string code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return "nothing was thrown";
}

TEST(Frames, ARequestArrivesAsItWasSent) {
  RequestFrame sent = sample_request();
  RequestFrame got = unpack_request(pack(sent));
  EXPECT_EQ(got.id, sent.id);
  EXPECT_EQ(got.request, sent.request);
  EXPECT_EQ(got.peer.address, sent.peer.address);
  EXPECT_EQ(got.peer.port, sent.peer.port);
  EXPECT_EQ(got.method, sent.method);
  EXPECT_EQ(got.path, sent.path);
  EXPECT_EQ(got.parameters, sent.parameters);
  EXPECT_EQ(got.credential.ticket, sent.credential.ticket);
  EXPECT_EQ(got.credential.api_token, sent.credential.api_token);
  EXPECT_EQ(got.credential.csrf, sent.credential.csrf);
  EXPECT_EQ(got.language, sent.language);
  EXPECT_EQ(got.origin, sent.origin);
  EXPECT_EQ(got.deadline_ms, sent.deadline_ms);
  EXPECT_TRUE(got.upgrade);
  EXPECT_TRUE(got.has_upload);
}

TEST(Frames, AResponseArrivesAsItWasSent) {
  ResponseFrame sent = sample_response();
  ResponseFrame got = unpack_response(pack(sent));
  EXPECT_EQ(got.id, sent.id);
  EXPECT_EQ(got.status, sent.status);
  EXPECT_EQ(got.reason, sent.reason);
  EXPECT_EQ(got.content_type, sent.content_type);
  EXPECT_EQ(got.headers, sent.headers);
  EXPECT_EQ(got.body, sent.body);
  EXPECT_EQ(got.bytes, sent.bytes);
  EXPECT_EQ(got.length, sent.length);
  EXPECT_FALSE(got.gzip_allowed);
  EXPECT_EQ(got.delay_ms, sent.delay_ms);
  EXPECT_EQ(got.greeting, sent.greeting);
  EXPECT_EQ(got.console, sent.console);
}

TEST(Frames, HelloAndCancelArriveAsTheyWereSent) {
  Hello hello = unpack_hello(pack(Hello{3, "front", "0.1.0"}));
  EXPECT_EQ(hello.protocol, 3u);
  EXPECT_EQ(hello.role, "front");
  EXPECT_EQ(hello.version, "0.1.0");
  EXPECT_EQ(unpack_cancel(pack(CancelFrame{~0ull})).id, ~0ull);
}

TEST(Frames, AHelloOfALaterProtocolWithMoreFieldsIsStillRead) {
  EXPECT_EQ(unpack_hello(pack(Hello{9, "daemon", "9"}) + "more").protocol, 9u);
}

TEST(Frames, EveryTruncatedFrameIsMalformed) {
  std::string request = pack(sample_request());
  for (std::size_t length = 0; length < request.size(); ++length) {
    EXPECT_EQ(code_of([&] { unpack_request(std::string_view(request).substr(0, length)); }),
              "frame.malformed")
        << length;
  }
  std::string response = pack(sample_response());
  for (std::size_t length = 0; length < response.size(); ++length) {
    EXPECT_EQ(code_of([&] { unpack_response(std::string_view(response).substr(0, length)); }),
              "frame.malformed")
        << length;
  }
}

TEST(Frames, BytesAfterTheLastFieldAreMalformed) {
  EXPECT_EQ(code_of([] { unpack_request(pack(sample_request()) + "x"); }), "frame.malformed");
  EXPECT_EQ(code_of([] { unpack_response(pack(sample_response()) + "x"); }), "frame.malformed");
  EXPECT_EQ(code_of([] { unpack_cancel(pack(CancelFrame{1}) + "x"); }), "frame.malformed");
}

TEST(Frames, ACountLargerThanTheBytesIsRefusedBeforeMemoryIsTaken) {
  Packer out;
  out.u64(1);
  out.text("id");
  out.text("address");
  out.u16(1);
  out.text("GET");
  out.u32(0xffffffff);  // segments
  EXPECT_EQ(code_of([&] { unpack_request(out.take()); }), "frame.malformed");
}

TEST(Frames, ParametersThatAreNoObjectOrTooDeepAreMalformed) {
  auto with_parameters = [](const std::string& text) {
    Packer out;
    out.u64(1);
    out.text("id");
    out.text("address");
    out.u16(1);
    out.text("GET");
    out.u32(0);
    out.text(text);
    return out.take();
  };
  for (const std::string& text :
       {std::string("[]"), std::string("{"), std::string("\"x\""), std::string(),
        std::string("{\"a\":") + std::string(5000, '[') + std::string(5000, ']') + "}"}) {
    EXPECT_EQ(code_of([&] { unpack_request(with_parameters(text)); }), "frame.malformed");
  }
}

TEST(Frames, AnUnknownBodyKindOrStatusIsMalformed) {
  ResponseFrame frame;
  frame.body = static_cast<BodyKind>(7);
  EXPECT_EQ(code_of([&] { unpack_response(pack(frame)); }), "frame.malformed");
  frame.body = BodyKind::none;
  frame.status = 99;
  EXPECT_EQ(code_of([&] { unpack_response(pack(frame)); }), "frame.malformed");
}

TEST(Frames, NumbersAreLittleEndian) {
  Packer out;
  out.u32(0x04030201);
  EXPECT_EQ(out.take(), "\x01\x02\x03\x04");
}

}  // namespace
}  // namespace posada
