#include "front/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace posada::front {
namespace {

std::string run(const std::string& text, std::size_t piece) {
  TerminalDecoder decoder;
  std::string log;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    for (const TerminalEvent& event : decoder.feed(text.substr(at, piece))) {
      if (event.kind == TerminalEvent::Kind::input) {
        log += event.input;
      } else {
        log += "<" + std::to_string(event.columns) + "x" + std::to_string(event.rows) + ">";
      }
    }
  }
  return log;
}

TEST(Terminal, InputSizesAndPingsAreDecodedWhereverTheyAreCut) {
  std::string text = "0:5:hello21:80:24:0:0:0:3:0:121:132:43:20:2:é";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_EQ(run(text, piece), "hello<80x24>0:1<132x43>é") << piece;
  }
}

TEST(Terminal, BytesThatBreakTheProtocolAreRefused) {
  for (const char* text : {"3", "x", "0x", "0:x:", "0::", "0:99999999:", "1:80:", "1:80:x:",
                           "1::1:", "1:99999:1:", "0:-1:", "1:0x10:1:"}) {
    if (std::string(text) == "1:80:") {
      EXPECT_EQ(run(text, 99), "");  // only unfinished
      continue;
    }
    EXPECT_THROW(run(text, 99), Error) << text;
  }
}

}  // namespace
}  // namespace posada::front
