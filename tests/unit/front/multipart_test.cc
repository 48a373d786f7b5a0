#include "front/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "front/refusal.h"

namespace posada::front {
namespace {

struct Upload {
  json::object fields;
  std::string file_name;
  std::string file;
  bool complete = false;
  int refused = 0;
  std::string reason;
};

// Feeds the body in pieces, as it would come from the network.
Upload read(const std::string& body, std::size_t piece, const std::string& boundary = "B") {
  Upload upload;
  MultipartReader reader(boundary);
  std::string input;
  std::size_t at = 0;
  try {
    for (;;) {
      std::size_t taken = 0;
      std::string_view data;
      auto next = reader.read(input, taken, data);
      upload.file += data;
      input.erase(0, taken);
      if (next == MultipartReader::Next::end) {
        upload.complete = true;
        break;
      }
      if (next == MultipartReader::Next::file) upload.fields = reader.take_fields();
      if (next != MultipartReader::Next::more) continue;
      if (at == body.size()) break;
      input += body.substr(at, piece);
      at = std::min(body.size(), at + piece);
    }
  } catch (const Refusal& refusal) {
    upload.refused = refusal.status();
    upload.reason = refusal.reason();
  }
  upload.file_name = reader.file_name();
  return upload;
}

Upload read_in_all_pieces(const std::string& body) {
  Upload whole = read(body, body.size() + 1);
  for (std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
    Upload other = read(body, piece);
    EXPECT_EQ(other.file, whole.file) << piece;
    EXPECT_EQ(other.complete, whole.complete) << piece;
    EXPECT_EQ(other.reason, whole.reason) << piece;
    EXPECT_EQ(other.fields, whole.fields) << piece;
  }
  return whole;
}

std::string field(const std::string& name, const std::string& value) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string file(const std::string& bytes, const std::string& disposition =
                                               "form-data; name=\"filename\"; filename=\"x.iso\"") {
  return "--B\r\nContent-Disposition: " + disposition +
         "\r\nContent-Type: application/octet-stream\r\n\r\n" + bytes + "\r\n--B--\r\n";
}

TEST(Multipart, FieldsComeBeforeTheFile) {
  Upload upload = read_in_all_pieces(field("content", "iso") + field("checksum", "") +
                                     file("bytes of the file"));
  EXPECT_TRUE(upload.complete) << upload.reason;
  EXPECT_EQ(json::value(upload.fields), json::parse(R"({"content":"iso","checksum":""})"));
  EXPECT_EQ(upload.file_name, "x.iso");
  EXPECT_EQ(upload.file, "bytes of the file");
}

TEST(Multipart, WhatOnlyLooksLikeTheDelimiterIsFile) {
  for (const std::string& bytes :
       {std::string("\r\n--"), std::string("\r\n--b--\r\n"), std::string("--B--"),
        std::string("\r\r\n\r\n-\r\n--"), std::string("\r\n\r\n"), std::string(),
        std::string("a\0\r\n--\xff", 7)}) {
    Upload upload = read_in_all_pieces(file(bytes));
    EXPECT_TRUE(upload.complete) << upload.reason;
    EXPECT_EQ(upload.file, bytes);
  }
}

TEST(Multipart, ATruncatedFileIsNeverComplete) {
  std::string body = field("content", "iso") + file("0123456789");
  for (std::size_t size = 0; size + 4 < body.size(); ++size) {
    EXPECT_FALSE(read(body.substr(0, size), 5).complete) << size;
  }
}

TEST(Multipart, AFileUnderAnotherNameIsRefusedWithTheKnownText) {
  Upload upload = read_in_all_pieces(file("x", "form-data; name=\"file\"; filename=\"x.iso\""));
  EXPECT_EQ(upload.refused, 500);
  EXPECT_EQ(upload.reason, "wrong field name 'file' for file upload, expected 'filename'");
}

TEST(Multipart, NamesMayBeQuotedBareOrExtended) {
  EXPECT_EQ(read(file("x", "form-data; filename=x.iso; name=filename"), 9).file_name, "x.iso");
  EXPECT_EQ(read(file("x", "form-data; name=\"filename\"; filename=\"a; b.iso\""), 9).file_name,
            "a; b.iso");
  EXPECT_EQ(read(file("x", "form-data; name=\"filename\"; filename=\"a\\\"b.iso\""), 9).file_name,
            "a\"b.iso");
  EXPECT_EQ(
      read(file("x", "form-data; name=\"filename\"; filename*=utf-8''na%C3%AFve.iso"), 9).file_name,
      "naïve.iso");
}

TEST(Multipart, BrokenBodiesAreRefused) {
  for (const std::string& body :
       {std::string("--B--\r\n"), field("content", "iso") + "--B--\r\n",
        std::string("--Bx\r\n\r\n"), std::string("--B\r\n\r\nvalue\r\n--B--"),
        std::string("--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nv\r\n--B--"),
        "--B\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"x\"\r\n\r\nfile\r\n" +
            field("content", "iso") + "--B--\r\n",
        "--B\r\nX: " + std::string(20'000, 'x'), std::string(20'000, 'x'),
        field("content", std::string(100'000, 'x')) + file("x"),
        field("content", "\xff") + file("x"), "--B" + std::string(1000, ' ')}) {
    Upload upload = read_in_all_pieces(body);
    EXPECT_NE(upload.refused, 0) << body.substr(0, 200);
    EXPECT_FALSE(upload.complete);
  }
}

TEST(Multipart, TheBoundaryIsReadFromTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=x; boundary=\"a b;c\""), "a b;c");
  EXPECT_THROW(multipart_boundary("multipart/form-data"), Refusal);
  EXPECT_THROW(multipart_boundary("multipart/mixed; boundary=abc"), Refusal);
  EXPECT_THROW(multipart_boundary("multipart/form-data; boundary=" + std::string(1000, 'x')),
               Refusal);
}

}  // namespace
}  // namespace posada::front
