#include "front/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "front/refusal.h"

namespace posada::front {
namespace {

using testing::ElementsAre;

RequestHead head_with(std::vector<std::pair<std::string, std::string>> fields) {
  RequestHead head;
  head.fields = std::move(fields);
  return head;
}

std::string refusal_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Refusal& refusal) {
    return std::to_string(refusal.status()) + " " + refusal.reason();
  }
  return "nothing was refused";
}

TEST(Addresses, PathIsDecodedOnceAndQueryKeptAsItIs) {
  Address address = split_target("/api2/json/a%2Fb%2525?x=%20");
  EXPECT_EQ(address.path, "/api2/json/a/b%25");
  EXPECT_EQ(address.query, "x=%20");
}

TEST(Addresses, AWholeAddressAsProxiesSendItIsAccepted) {
  EXPECT_EQ(split_target("https://host:8006/a?b").path, "/a");
  EXPECT_EQ(split_target("HTTP://host").path, "/");
  EXPECT_EQ(split_target("http://host?q").query, "q");
}

TEST(Addresses, WhatIsNoAbsolutePathIsRefused) {
  for (const char* target : {"", "a", "*", "../x", "/a#b", "/%FF"}) {
    EXPECT_THROW(split_target(target), Refusal) << target;
  }
}

TEST(ApiAddresses, EmptySegmentsAreIgnored) {
  ApiAddress address = api_address("/api2//json//nodes/n1/");
  EXPECT_EQ(address.format, Format::json);
  EXPECT_THAT(address.segments, ElementsAre("nodes", "n1"));
  EXPECT_EQ(api_address("/api2/extjs/version").format, Format::extjs);
}

TEST(ApiAddresses, UnknownFormatsAnswerAsExistingServersDo) {
  EXPECT_EQ(refusal_of([] { api_address("/api2"); }), "501 no such uri");
  EXPECT_EQ(refusal_of([] { api_address("/api2/"); }), "501 no such uri");
  EXPECT_EQ(refusal_of([] { api_address("/api2/JSON/x"); }), "501 no such uri");
  EXPECT_EQ(refusal_of([] { api_address("/api2/html/nodes"); }),
            "501 no formatter for uri /nodes, format html");
}

TEST(ApiAddresses, TheEventStreamStandsInTheFormatsPlace) {
  EXPECT_THAT(api_address("/api2/events").segments, ElementsAre("events"));
  EXPECT_EQ(refusal_of([] { api_address("/api2/events/x"); }),
            "501 no formatter for uri /x, format events");
}

TEST(ApiAddresses, OnlyTheUploadCallIsAnUpload) {
  EXPECT_TRUE(is_upload("POST", {"nodes", "n", "storage", "s", "upload"}));
  EXPECT_FALSE(is_upload("PUT", {"nodes", "n", "storage", "s", "upload"}));
  EXPECT_FALSE(is_upload("POST", {"nodes", "n", "storage", "s", "content"}));
  EXPECT_FALSE(is_upload("POST", {"nodes", "n", "storage", "s", "upload", "x"}));
}

TEST(Credentials, TheTicketIsFoundInTheCookieRawOrEncoded) {
  EXPECT_EQ(identification(head_with({{"cookie", "a=b; PVEAuthCookie=PVE:root@pam:1::x+y=; c=d"}}))
                .credential.ticket,
            "PVE:root@pam:1::x+y=");
  auto found = identification(head_with({{"cookie", "PVEAuthCookie=PVE%3Aroot%40pam%3A1::x+y"}}));
  EXPECT_EQ(found.credential.ticket, "PVE:root@pam:1::x+y");
  EXPECT_TRUE(found.from_cookie);
}

TEST(Credentials, OnlyTheExactCookieNameCounts) {
  EXPECT_EQ(identification(head_with({{"cookie", "XPVEAuthCookie=a; PVEAuthCookieX=b"}}))
                .credential.ticket,
            "");
}

TEST(Credentials, TheAuthorizationHeaderCarriesTicketOrToken) {
  auto ticket = identification(head_with({{"authorization", "PVEAuthCookie=PVE:x"}}));
  EXPECT_EQ(ticket.credential.ticket, "PVE:x");
  EXPECT_FALSE(ticket.from_cookie);
  EXPECT_EQ(identification(head_with({{"authorization", "PVEAPIToken=root@pam!t=uuid"}}))
                .credential.api_token,
            "root@pam!t=uuid");
  EXPECT_EQ(identification(head_with({{"authorization", "PVEAPIToken root@pam!t=uuid"}}))
                .credential.api_token,
            "root@pam!t=uuid");
  EXPECT_EQ(identification(head_with({{"authorization", "Basic eA=="}})).credential.api_token, "");
}

TEST(Credentials, TheCookieWinsOverTheToken) {
  auto found = identification(head_with({{"cookie", "PVEAuthCookie=PVE:x"},
                                         {"authorization", "PVEAPIToken=t"},
                                         {"csrfpreventiontoken", "c"}}));
  EXPECT_EQ(found.credential.ticket, "PVE:x");
  EXPECT_EQ(found.credential.api_token, "");
  EXPECT_EQ(found.credential.csrf, "c");
}

TEST(Origins, APageOfThisServerIsRecognizedByItsHost) {
  EXPECT_TRUE(same_origin(head_with({{"host", "n1:8006"}})));
  EXPECT_TRUE(same_origin(head_with({{"host", "n1:8006"}, {"origin", "https://N1:8006"}})));
  EXPECT_FALSE(same_origin(head_with({{"host", "n1:8006"}, {"origin", "https://evil:8006"}})));
  EXPECT_FALSE(same_origin(head_with({{"host", "n1:8006"}, {"origin", "https://n1"}})));
  EXPECT_FALSE(same_origin(head_with({{"host", "n1"}, {"origin", "null"}})));
  EXPECT_FALSE(same_origin(head_with({{"host", ""}, {"origin", "https://"}})));
}

TEST(Origins, TheHostThatAProxyWasAskedForCounts) {
  EXPECT_TRUE(same_origin(head_with({{"host", "127.0.0.1:8006"},
                                     {"x-forwarded-host", "cloud.example"},
                                     {"origin", "https://cloud.example"}})));
}

TEST(Languages, TheFirstPrimaryTagIsTaken) {
  EXPECT_EQ(first_language("ca-ES,es;q=0.8"), "ca");
  EXPECT_EQ(first_language("en"), "en");
  EXPECT_EQ(first_language("*"), "");
  EXPECT_EQ(first_language(""), "");
  EXPECT_EQ(first_language("x\"y"), "");
}

TEST(Encodings, GzipIsPreferredAndZeroWeightsRespected) {
  EXPECT_EQ(best_encoding(""), Encoding::identity);
  EXPECT_EQ(best_encoding("deflate, gzip"), Encoding::gzip);
  EXPECT_EQ(best_encoding("deflate"), Encoding::deflate);
  EXPECT_EQ(best_encoding("gzip;q=0, deflate;q=0.5"), Encoding::deflate);
  EXPECT_EQ(best_encoding("gzip; q=0.000"), Encoding::identity);
  EXPECT_EQ(best_encoding("*"), Encoding::gzip);
  EXPECT_EQ(best_encoding("identity"), Encoding::identity);
  EXPECT_EQ(best_encoding("gzipped"), Encoding::identity);
}

}  // namespace
}  // namespace posada::front
