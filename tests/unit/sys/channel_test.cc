// Frames over real Unix sockets: what one end sends, the other receives, with its descriptors;
// what breaks the rules ends the channel.
#include "sys/channel.h"

#include <filesystem>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace posada::sys {
namespace {

namespace asio = boost::asio;

class ChannelTest : public testing::Test {
 protected:
  // Runs the loop until `work` has ended; what it throws reaches the test.
  void run(Async<void> work) {
    bool done = false;
    std::exception_ptr failure;
    asio::co_spawn(context_, std::move(work), [&](std::exception_ptr thrown) {
      done = true;
      failure = thrown;
    });
    context_.restart();
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done && std::chrono::steady_clock::now() < deadline) {
      context_.run_one_for(std::chrono::milliseconds(100));
      context_.restart();
    }
    ASSERT_TRUE(done) << "the work did not end within 20 s";
    if (failure) std::rethrow_exception(failure);
  }

  std::string code_of(Async<void> work) {
    try {
      run(std::move(work));
    } catch (const Error& error) {
      return error.code();
    }
    return "nothing was thrown";
  }

  asio::io_context context_;
};

Async<void> expect_frames(Channel& channel, std::vector<std::string> texts) {
  for (const std::string& text : texts) {
    std::optional<Received> received = co_await channel.receive();
    EXPECT_TRUE(received.has_value());
    if (!received) co_return;
    EXPECT_EQ(received->kind, FrameKind::response);
    EXPECT_TRUE(received->bytes == text) << received->bytes.size() << " bytes";
    EXPECT_TRUE(received->descriptors.empty());
  }
}

Async<void> send_frames(Channel& channel, std::vector<std::string> texts) {
  for (std::string& text : texts) co_await channel.send(FrameKind::response, std::move(text));
}

TEST_F(ChannelTest, FramesArriveInOrderAndWhole) {
  auto [left, right] = socket_pair();
  Channel sender(context_.get_executor(), std::move(left));
  Channel receiver(context_.get_executor(), std::move(right));
  std::vector<std::string> texts{"", "one", std::string(3'000'000, 'x'), std::string(70'000, 'y'),
                                 std::string("\0\1", 2)};
  run(send_frames(sender, texts));
  run(expect_frames(receiver, texts));
}

Async<void> send_descriptors(Channel& channel, int pipes) {
  for (int i = 0; i < pipes; ++i) {
    Fd file(::memfd_create("test", MFD_CLOEXEC));
    std::string text = "file " + std::to_string(i);
    EXPECT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    std::vector<Fd> descriptors;
    descriptors.push_back(std::move(file));
    co_await channel.send(FrameKind::response, std::to_string(i), std::move(descriptors));
    co_await channel.send(FrameKind::response, "none");
  }
}

Async<void> expect_descriptors(Channel& channel, int pipes) {
  for (int i = 0; i < pipes; ++i) {
    std::optional<Received> received = co_await channel.receive();
    EXPECT_EQ(received->bytes, std::to_string(i));
    EXPECT_EQ(received->descriptors.size(), 1u);
    if (received->descriptors.empty()) co_return;
    char text[32] = {};
    EXPECT_GT(::pread(received->descriptors[0].get(), text, sizeof(text) - 1, 0), 0);
    EXPECT_EQ(std::string(text), "file " + std::to_string(i));
    EXPECT_EQ(::fcntl(received->descriptors[0].get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    std::optional<Received> plain = co_await channel.receive();
    EXPECT_TRUE(plain->descriptors.empty());
  }
}

TEST_F(ChannelTest, EachDescriptorArrivesWithItsOwnFrame) {
  auto [left, right] = socket_pair();
  Channel sender(context_.get_executor(), std::move(left));
  Channel receiver(context_.get_executor(), std::move(right));
  run(send_descriptors(sender, 40));
  run(expect_descriptors(receiver, 40));
}

Async<void> expect_end(Channel& channel) {
  std::optional<Received> received = co_await channel.receive();
  EXPECT_FALSE(received.has_value());
}

TEST_F(ChannelTest, ReceiveSaysNothingWhenThePeerCloses) {
  auto [left, right] = socket_pair();
  Channel receiver(context_.get_executor(), std::move(right));
  left.reset();
  run(expect_end(receiver));
}

TEST_F(ChannelTest, CloseWakesTheReaderOfThisEnd) {
  auto [left, right] = socket_pair();
  Channel receiver(context_.get_executor(), std::move(right));
  asio::post(context_, [&] { asio::post(context_, [&] { receiver.close(); }); });
  run(expect_end(receiver));
}

std::string raw_frame(std::uint32_t length, std::uint8_t kind, std::uint8_t descriptors,
                      const std::string& bytes) {
  std::string text(reinterpret_cast<const char*>(&length), 4);
  text.push_back(static_cast<char>(kind));
  text.push_back(static_cast<char>(descriptors));
  return text + bytes;
}

TEST_F(ChannelTest, BytesThatAreNoFrameEndTheChannel) {
  for (const std::string& bytes :
       {raw_frame(max_frame_bytes + 1, 1, 0, ""), raw_frame(0, 0, 0, ""), raw_frame(0, 9, 0, ""),
        raw_frame(0, 1, 1, ""), raw_frame(0, 1, 200, ""), raw_frame(8, 1, 0, "short"),
        std::string("\1", 1)}) {
    auto [left, right] = socket_pair();
    Channel receiver(context_.get_executor(), std::move(right));
    ASSERT_EQ(::send(left.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    left.reset();
    EXPECT_EQ(code_of(expect_end(receiver)), "frame.malformed");
    run(expect_end(receiver));
  }
}

Async<void> send_until_refused(Channel& channel) {
  for (int i = 0; i < 100; ++i) {
    co_await channel.send(FrameKind::request, std::string(1024 * 1024, 'x'));
  }
}

TEST_F(ChannelTest, APeerThatDoesNotReadEndsTheChannel) {
  auto [left, right] = socket_pair();
  Channel sender(context_.get_executor(), std::move(left));
  EXPECT_EQ(code_of(send_until_refused(sender)), "channel.stalled");
  EXPECT_EQ(code_of(send_until_refused(sender)), "channel.closed");
}

Async<void> send_too_large(Channel& channel) {
  co_await channel.send(FrameKind::request, std::string(max_frame_bytes + 1, 'x'));
}

TEST_F(ChannelTest, ATooLargeFrameIsRefusedAndTheChannelLives) {
  auto [left, right] = socket_pair();
  Channel sender(context_.get_executor(), std::move(left));
  Channel receiver(context_.get_executor(), std::move(right));
  EXPECT_EQ(code_of(send_too_large(sender)), "frame.too_large");
  run(send_frames(sender, {"after"}));
  run(expect_frames(receiver, {"after"}));
}

Async<void> connect_and_greet(ChannelListener& listener, Executor executor, std::string path) {
  Channel client(executor, co_await connect_unix(executor, path));
  Channel server(executor, co_await listener.accept());
  EXPECT_EQ(server.peer().pid, ::getpid());
  EXPECT_EQ(server.peer().uid, ::getuid());
  co_await client.send(FrameKind::response, "hello");
  co_await expect_frames(server, {"hello"});
}

TEST_F(ChannelTest, AListenerOnAPathLongerThanASocketAddressIsReached) {
  std::string folder = testing::TempDir() + "channel-" + std::to_string(::getpid());
  std::string deep = folder + "/" + std::string(100, 'd');
  std::filesystem::create_directories(deep);
  std::string path = deep + "/front.sock";
  for (int turn = 0; turn < 2; ++turn) {  // the second finds the first one's file
    ChannelListener listener(context_.get_executor(), path, 0600);
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    run(connect_and_greet(listener, context_.get_executor(), path));
  }
  std::filesystem::remove_all(folder);
}

TEST_F(ChannelTest, AListenerNeverRemovesAFileThatIsNoSocket) {
  std::string path = testing::TempDir() + "channel-file-" + std::to_string(::getpid());
  Fd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  EXPECT_THROW(ChannelListener(context_.get_executor(), path, 0600), Error);
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace posada::sys
