#include "front/forms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/frames.h"
#include "front/limits.h"
#include "front/refusal.h"

namespace posada::front {
namespace {

struct FormCase {
  const char* form;
  const char* expected;
};

class FormTable : public testing::TestWithParam<FormCase> {};

TEST_P(FormTable, IsDecoded) {
  EXPECT_EQ(json::value(decode_form(GetParam().form)), json::parse(GetParam().expected))
      << GetParam().form;
}

INSTANTIATE_TEST_SUITE_P(
    Forms, FormTable,
    testing::Values(FormCase{"", "{}"}, FormCase{"&&;&", "{}"}, FormCase{"a=1", R"({"a":"1"})"},
                    FormCase{"a=1&b=2;c=3", R"({"a":"1","b":"2","c":"3"})"},
                    FormCase{"a=x+y%2Bz", R"({"a":"x y+z"})"}, FormCase{"a+b=1", R"({"a b":"1"})"},
                    FormCase{"a=", R"({"a":""})"}, FormCase{"a", R"({"a":null})"},
                    FormCase{"net0=virtio=AA:BB", R"({"net0":"virtio"})"},
                    FormCase{"net0=virtio%3DAA%3ABB%2Cbridge%3Dvmbr0",
                             R"({"net0":"virtio=AA:BB,bridge=vmbr0"})"},
                    FormCase{"a=1&a=2&a=3", R"({"a":["1","2","3"]})"},
                    FormCase{"a&a=1", R"({"a":"1"})"}, FormCase{"a=1&a", R"({"a":null})"},
                    FormCase{"_dc=1700000000&a=1", R"({"a":"1"})"}, FormCase{"=x", R"({"":"x"})"},
                    FormCase{"a=%25", R"({"a":"%"})"}, FormCase{"a=%2525", R"({"a":"%25"})"},
                    FormCase{"a=%zz%4", R"({"a":"%zz%4"})"}, FormCase{"a=%C3%A8", R"({"a":"è"})"},
                    FormCase{"a=%00%0A", R"({"a":"\u0000\n"})"},
                    FormCase{"d%C3%A9=1", R"({"dé":"1"})"}));

Refusal refusal_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Refusal& refusal) {
    return refusal;
  }
  return Refusal(0, "nothing was refused");
}

TEST(Forms, AValueThatIsNotUtf8IsRefusedWithItsName) {
  for (const char* value : {"%FF", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "%E0%80%80", "%C3"}) {
    Refusal refusal = refusal_of([&] { decode_form(std::string("description=") + value); });
    EXPECT_EQ(refusal.status(), 400) << value;
    EXPECT_EQ(refusal.texts().count("description"), 1u) << value;
  }
  EXPECT_EQ(refusal_of([] { decode_form("%FF=1"); }).status(), 400);
}

TEST(Forms, WhatIsDecodedAlwaysFitsAFrame) {
  RequestFrame frame;
  frame.parameters = decode_form("a=%F4%8F%BF%BF&b=%EE%80%80&c=%00&d=%22%5C&e=%C2%80&f");
  EXPECT_EQ(unpack_request(pack(frame)).parameters, frame.parameters);
}

TEST(Forms, TooManyParametersAreRefused) {
  std::string form;
  for (std::size_t i = 0; i <= max_parameters; ++i) form += "a=1&";
  EXPECT_EQ(refusal_of([&] { decode_form(form); }).status(), 400);
}

TEST(Bodies, TheContentTypeChoosesTheDecoder) {
  EXPECT_EQ(decode_body("", "a=1").at("a"), "1");
  EXPECT_EQ(decode_body("application/x-www-form-urlencoded", "a=1").at("a"), "1");
  EXPECT_EQ(decode_body("application/x-www-form-urlencoded; charset=UTF-8", "a=1").at("a"), "1");
  EXPECT_EQ(decode_body("Application/JSON;charset=utf-8", R"({"a":1})").at("a"), 1);
}

TEST(Bodies, AnyJsonTypeIsKeptAsSent) {
  json::object body =
      decode_body("application/json", R"({"b":true,"n":null,"l":[1,"x"],"f":1.5,"_dc":7})");
  EXPECT_EQ(json::value(body), json::parse(R"({"b":true,"n":null,"l":[1,"x"],"f":1.5})"));
}

TEST(Bodies, AnotherContentTypeIsRefusedWithItsName) {
  Refusal refusal = refusal_of([] { decode_body("text/plain; charset=x", "a"); });
  EXPECT_EQ(refusal.status(), 506);
  EXPECT_EQ(refusal.reason(), "upload 'Content-Type 'text/plain; charset=x' not implemented");
}

TEST(Bodies, AnEmptyBodyIsNoParameterWhateverItsType) {
  EXPECT_TRUE(decode_body("application/json", "").empty());
  EXPECT_TRUE(decode_body("text/plain", "").empty());
}

TEST(Bodies, JsonThatIsNoObjectIsRefused) {
  for (const char* body : {"[]", "1", "\"x\"", "{", "{\"a\":\"\xff\"}", "nul"}) {
    EXPECT_EQ(refusal_of([&] { decode_body("application/json", body); }).status(), 400) << body;
  }
  std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}";
  EXPECT_EQ(refusal_of([&] { decode_body("application/json", deep); }).status(), 400);
}

TEST(Bodies, ANumberTooLargeForJsonIsRefused) {
  for (const char* body : {R"({"a":1e400})", R"({"a":[{"b":-1e400}]})"}) {
    EXPECT_EQ(refusal_of([&] { decode_body("application/json", body); }).status(), 400) << body;
  }
}

TEST(Bodies, TheQueryWinsOverTheBody) {
  json::object parameters = decode_form("a=body&b=body");
  override_with(parameters, decode_form("a=query"));
  EXPECT_EQ(json::value(parameters), json::parse(R"({"a":"query","b":"body"})"));
}

}  // namespace
}  // namespace posada::front
