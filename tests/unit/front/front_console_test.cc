// WebSocket consoles and uploads, with real sockets at both ends.
#include <array>
#include <atomic>
#include <thread>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "front/limits.h"
#include "unit/front/front_fixture.h"

namespace posada::front {
namespace {

using testing::HasSubstr;

// The other end of what the front was given.
class Peer {
 public:
  explicit Peer(sys::Fd socket) : socket_(std::move(socket)) {
    timeval patience{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  std::string receive(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
      ssize_t count = ::recv(socket_.get(), bytes.data() + filled, size - filled, 0);
      if (count <= 0) break;
      filled += static_cast<std::size_t>(count);
    }
    bytes.resize(filled);
    return bytes;
  }
  // The chunks of an upload, and whether the last one came.
  std::pair<std::string, bool> receive_upload() {
    std::string bytes;
    for (;;) {
      std::string head = receive(4);
      if (head.size() < 4) return {bytes, false};
      std::size_t size = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        size |= std::size_t{static_cast<unsigned char>(head[i])} << (8 * i);
      }
      if (size == 0) return {bytes, true};
      std::string data = receive(size);
      bytes += data;
      if (data.size() < size) return {bytes, false};
    }
  }
  void close() { socket_.reset(); }

 private:
  sys::Fd socket_;
};

std::string upgrade(const std::string& path) {
  return "GET " + path +
         " HTTP/1.1\r\nHost: n\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
         "Sec-WebSocket-Protocol: binary\r\n\r\n";
}

// A client's frame, masked as it must be.
std::string masked(int opcode, const std::string& payload) {
  std::string frame(1, static_cast<char>(0x80 | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int i = 7; i >= 0; --i) frame += static_cast<char>((payload.size() >> (8 * i)) & 0xff);
  }
  const std::string mask = "\x12\x34\x56\x78";
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return frame;
}

struct Message {
  int opcode = -1;  // -1: the connection ended
  std::string payload;
};

Message read_message(TlsClient& tls) {
  std::string head = tls.receive(2);
  if (head.size() < 2) return {};
  std::size_t size = static_cast<unsigned char>(head[1]);
  std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (more > 0) {
    size = 0;
    for (char c : tls.receive(more)) size = size << 8 | static_cast<unsigned char>(c);
  }
  Message message;
  message.opcode = head[0] & 0x0f;
  message.payload = tls.receive(size);
  return message;
}

constexpr int text_frame = 1;
constexpr int binary_frame = 2;
constexpr int close_frame = 8;
constexpr int ping_frame = 9;
constexpr int pong_frame = 10;

class ConsoleTest : public FrontTest {
 protected:
  // Each request gets a fresh console; the test holds the other ends.
  void start_consoles(BodyKind kind, std::string name = "", std::string greeting = "") {
    start([this, kind, name, greeting](TestDaemon& daemon, Question question) {
      EXPECT_TRUE(question.frame.upgrade);
      auto [ours, theirs] = sys::socket_pair();
      {
        std::lock_guard lock(mutex_);
        peers_.push_back(std::make_unique<Peer>(std::move(ours)));
      }
      ResponseFrame frame;
      frame.id = question.frame.id;
      frame.body = kind;
      frame.console = name;
      frame.greeting = greeting;
      daemon.answer(frame, std::move(theirs));
    });
  }
  Peer& peer(std::size_t number) {
    std::lock_guard lock(mutex_);
    return *peers_.at(number);
  }
  TlsClient open_console() {
    TlsClient tls = client();
    tls.send(upgrade("/api2/json/nodes/n/qemu/100/vncwebsocket?port=5900&vncticket=t"));
    std::string head = tls.receive_until("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("HTTP/1.1 101"));
    EXPECT_THAT(head, HasSubstr("Sec-WebSocket-Protocol: binary"));
    return tls;
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

TEST_F(ConsoleTest, ABinaryConsoleCarriesBytesBothWays) {
  start_consoles(BodyKind::binary_console);
  TlsClient tls = open_console();
  tls.send(masked(binary_frame, "to the console"));
  EXPECT_EQ(peer(0).receive(14), "to the console");
  tls.send(masked(ping_frame, "p"));
  Message pong = read_message(tls);
  EXPECT_EQ(pong.opcode, pong_frame);
  std::string big(100'000, 'z');
  peer(0).send(big);
  std::string got;
  while (got.size() < big.size()) {
    Message message = read_message(tls);
    ASSERT_EQ(message.opcode, binary_frame);
    got += message.payload;
  }
  EXPECT_TRUE(got == big);
  std::string most(max_websocket_message, 'm');
  tls.send(masked(binary_frame, most));
  EXPECT_TRUE(peer(0).receive(most.size()) == most);
}

TEST_F(ConsoleTest, TheConsolesEndClosesTheSocket) {
  start_consoles(BodyKind::binary_console);
  TlsClient tls = open_console();
  peer(0).close();
  EXPECT_EQ(read_message(tls).opcode, close_frame);
  tls.send(masked(close_frame, "\x03\xe8"));
  EXPECT_TRUE(tls.wait_closed());
}

TEST_F(ConsoleTest, TheClientsEndClosesTheConsole) {
  start_consoles(BodyKind::binary_console);
  {
    TlsClient tls = open_console();
    tls.send(masked(binary_frame, "x"));
    EXPECT_EQ(peer(0).receive(1), "x");
    tls.close();
  }
  EXPECT_EQ(peer(0).receive(1), "");
}

TEST_F(ConsoleTest, AMessageOfMoreThan128KiBEndsTheConsole) {
  start_consoles(BodyKind::binary_console);
  TlsClient tls = open_console();
  tls.send(masked(binary_frame, std::string(max_websocket_message + 1, 'x')));
  EXPECT_EQ(read_message(tls).opcode, close_frame);
  EXPECT_LE(peer(0).receive(max_websocket_message + 1).size(), max_websocket_message);
}

TEST_F(ConsoleTest, ANewConsoleOfTheSameNameEndsTheOlder) {
  start_consoles(BodyKind::binary_console, "guest/100/vga");
  TlsClient first = open_console();
  first.send(masked(binary_frame, "1"));
  EXPECT_EQ(peer(0).receive(1), "1");
  TlsClient second = open_console();
  EXPECT_EQ(read_message(first).opcode, close_frame);
  EXPECT_EQ(peer(0).receive(1), "");
  second.send(masked(binary_frame, "2"));
  EXPECT_EQ(peer(1).receive(1), "2");
}

TEST_F(ConsoleTest, AConsoleOutlivesTheDaemon) {
  start_consoles(BodyKind::binary_console);
  TlsClient tls = open_console();
  tls.send(masked(binary_frame, "1"));
  EXPECT_EQ(peer(0).receive(1), "1");
  daemon_.reset();
  tls.send(masked(binary_frame, "2"));
  EXPECT_EQ(peer(0).receive(1), "2");
  peer(0).send("3");
  EXPECT_EQ(read_message(tls).payload, "3");
}

TEST_F(ConsoleTest, ATerminalNeedsItsGreeting) {
  start_consoles(BodyKind::terminal_console, "", "root@pam:PVEVNC:t\n");
  TlsClient wrong = open_console();
  wrong.send(masked(text_frame, "root@pam:guess\n0:1:x"));
  Message refused = read_message(wrong);
  EXPECT_TRUE(refused.opcode == close_frame || refused.opcode == -1);
  EXPECT_EQ(peer(0).receive(1), "");

  TlsClient right = open_console();
  right.send(masked(text_frame, "root@pam:PVEVNC:t\n"));
  EXPECT_EQ(read_message(right).payload, "OK");
  right.send(masked(text_frame, "0:2:ls21:80:24:"));
  EXPECT_EQ(peer(1).receive(2), "ls");
  peer(1).send("output");
  EXPECT_EQ(read_message(right).payload, "output");
  right.send(masked(text_frame, "nonsense"));
  EXPECT_EQ(read_message(right).opcode, close_frame);
}

TEST_F(FrontTest, ATerminalOnAPtyIsResized) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  sys::Fd kept(slave);
  auto given = std::make_shared<sys::Fd>(master);
  start([given](TestDaemon& daemon, Question question) {
    ResponseFrame frame;
    frame.id = question.frame.id;
    frame.body = BodyKind::terminal_console;
    daemon.answer(frame, given->duplicate());
  });
  TlsClient tls = client();
  tls.send(upgrade("/api2/json/x"));
  ASSERT_THAT(tls.receive_until("\r\n\r\n"), HasSubstr("101"));
  tls.send(masked(text_frame, "1:132:43:0:1:q"));
  EXPECT_EQ(read_message(tls).payload, "q");  // the terminal's own echo, after the resize
  winsize size{};
  ASSERT_EQ(::ioctl(kept.get(), TIOCGWINSZ, &size), 0);
  EXPECT_EQ(size.ws_col, 132);
  EXPECT_EQ(size.ws_row, 43);
}

TEST_F(FrontTest, WithoutAnUpgradeTheConsoleCallIsAnOrdinaryOne) {
  start([](TestDaemon& daemon, Question question) {
    EXPECT_FALSE(question.frame.upgrade);
    daemon.answer(json_answer(question.frame.id, R"({"port":"5900"})"));
  });
  EXPECT_EQ(client().request("GET", "/api2/json/nodes/n/qemu/1/vncwebsocket").body,
            R"({"data":{"port":"5900"}})");
}

class UploadTest : public FrontTest {
 protected:
  static std::string body(const std::string& file) {
    return "--B\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\niso\r\n"
           "--B\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"x.iso\"\r\n"
           "Content-Type: application/octet-stream\r\n\r\n" +
           file + "\r\n--B--\r\n";
  }
  static std::string head(std::size_t length) {
    return "POST /api2/json/nodes/n/storage/local/upload HTTP/1.1\r\nHost: n\r\n"
           "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: " +
           std::to_string(length) + "\r\n\r\n";
  }
  // Keeps the end of the upload that a worker would get.
  void start_uploads(std::function<ResponseFrame(std::uint64_t)> at_once) {
    start([this, at_once](TestDaemon& daemon, Question question) {
      std::uint64_t id = question.frame.id;
      if (!question.frame.has_upload) return daemon.answer(json_answer(id, "0"));
      {
        std::lock_guard lock(mutex_);
        worker_ = std::make_unique<Peer>(std::move(question.descriptors.at(0)));
        parameters_ = question.frame.parameters;
        id_ = id;
      }
      if (at_once) daemon.answer(at_once(id));
    });
  }
  Peer& worker() {
    while (id_ == 0) ::usleep(1000);
    std::lock_guard lock(mutex_);
    return *worker_;
  }

  std::mutex mutex_;
  std::unique_ptr<Peer> worker_;
  json::object parameters_;
  std::atomic<std::uint64_t> id_ = 0;
};

TEST_F(UploadTest, FieldsBecomeParametersAndTheFileGoesToTheWorker) {
  start_uploads(nullptr);
  std::string file;
  for (int i = 0; i < 1'000'000; ++i) file += std::to_string(i) + "\r\n";
  TlsClient tls = client();
  std::thread sender([&] {
    std::string text = body(file);
    tls.send(head(text.size()));
    tls.send(text);
  });
  auto [bytes, complete] = worker().receive_upload();
  EXPECT_TRUE(complete);
  EXPECT_TRUE(bytes == file);
  EXPECT_EQ(json::value(parameters_), json::parse(R"({"content":"iso","filename":"x.iso"})"));
  sender.join();
  daemon_->answer(json_answer(id_, "\"UPID\""));
  EXPECT_EQ(tls.response().body, R"({"data":"UPID"})");
  EXPECT_EQ(tls.request("GET", "/api2/json/x").status, 200);  // the connection goes on
}

TEST_F(UploadTest, AnEarlySuccessWaitsForTheLastByte) {
  start_uploads([](std::uint64_t id) { return json_answer(id, "\"UPID\""); });
  std::string text = body(std::string(300'000, 'x'));
  TlsClient tls = client();
  tls.send(head(text.size()) + text.substr(0, 1000));
  std::thread reader([&] { EXPECT_TRUE(worker().receive_upload().second); });
  tls.send(text.substr(1000));
  EXPECT_EQ(tls.response().status, 200);
  reader.join();
}

TEST_F(UploadTest, AnEarlyRefusalIsSentAtOnce) {
  start_uploads([](std::uint64_t id) { return json_error(id, 403, "Permission check failed"); });
  TlsClient tls = client();
  std::string start_of_file = body(std::string(2'000'000, 'x')).substr(0, 1'000'000);
  tls.send(head(50'000'000) + start_of_file);
  HttpResponse response = tls.response();
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.headers["connection"], "close");
  EXPECT_FALSE(worker().receive_upload().second);
}

TEST_F(UploadTest, AWorkerThatDiesLeavesTheDaemonsAnswer) {
  start_uploads(nullptr);
  TlsClient tls = client();
  std::thread sender([&] { tls.try_send(head(50'000'000) + body(std::string(9'000'000, 'x'))); });
  worker().close();
  daemon_->answer(json_error(id_, 500, "No space left on device"));
  EXPECT_EQ(tls.response().reason, "No space left on device");
  sender.join();
}

TEST_F(UploadTest, AClientThatIsCutOffNeverCompletesTheFile) {
  start_uploads(nullptr);
  {
    TlsClient tls = client();
    std::string text = body(std::string(500'000, 'x'));
    tls.send(head(text.size()) + text.substr(0, 200'000));
    worker();
    tls.close();
  }
  EXPECT_FALSE(worker().receive_upload().second);
  EXPECT_TRUE(daemon_->wait_cancelled(id_));
}

TEST_F(UploadTest, ABodyThatEndsInsideTheFileIsRefused) {
  start_uploads(nullptr);
  TlsClient tls = client();
  std::string text = body(std::string(500'000, 'x'));
  text.resize(text.size() - 20);
  tls.send(head(text.size()) + text);
  EXPECT_FALSE(worker().receive_upload().second);
  EXPECT_EQ(tls.response().reason, "upload failed: the body ends inside the file");
}

TEST_F(UploadTest, WrongUploadsAreRefusedWithTheKnownTexts) {
  start_uploads(nullptr);
  std::string wrong =
      "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nx\r\n--B--\r\n";
  TlsClient tls = client();
  tls.send(head(wrong.size()) + wrong);
  HttpResponse response = tls.response();
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.reason, "wrong field name 'file' for file upload, expected 'filename'");
  TlsClient chunked = client();
  chunked.send(
      "POST /api2/json/nodes/n/storage/local/upload HTTP/1.1\r\nHost: n\r\n"
      "Content-Type: multipart/form-data; boundary=B\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(chunked.response().reason, "upload without content length header not supported");
}

}  // namespace
}  // namespace posada::front
