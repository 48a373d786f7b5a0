#include "contract/store/etcd_server.h"

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "sys/file.h"

namespace posada::store::testing {

namespace {

constexpr const char* program = "/usr/bin/etcd";

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One request of a client that shares no code with ours.
bool answers(int port) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  bool good = connect(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (good) {
    const timeval limit{1, 0};
    setsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const std::string request = "GET /health HTTP/1.0\r\n\r\n";
    char answer[512] = {};
    good = write(socket_fd, request.data(), request.size()) > 0 &&
           recv(socket_fd, answer, sizeof answer - 1, MSG_WAITALL) > 0 &&
           std::string(answer).find("\"health\":\"true\"") != std::string::npos;
  }
  close(socket_fd);
  return good;
}

}  // namespace

std::string missing_etcd() {
  return sys::exists(program) ? "" : "needs /usr/bin/etcd (Debian package etcd-server)";
}

int free_port() {
  const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port on loopback");
  }
  close(socket_fd);
  return ntohs(address.sin_port);
}

EtcdServer::EtcdServer() : client_port_(free_port()), peer_port_(free_port()) {
  start();
}

EtcdServer::~EtcdServer() {
  kill();
}

std::string EtcdServer::endpoint() const {
  return "127.0.0.1:" + std::to_string(client_port_);
}

void EtcdServer::start() {
  const std::string client = "http://" + endpoint();
  const std::string peer = "http://127.0.0.1:" + std::to_string(peer_port_);
  const std::vector<std::string> arguments{program,
                                           "--data-dir",
                                           folder_.file("data"),
                                           "--name",
                                           "one",
                                           "--listen-client-urls",
                                           client,
                                           "--advertise-client-urls",
                                           client,
                                           "--listen-peer-urls",
                                           peer,
                                           "--initial-advertise-peer-urls",
                                           peer,
                                           "--initial-cluster",
                                           "one=" + peer};
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  const std::string log = folder_.file("log");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int result = posix_spawn(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (result != 0) throw std::runtime_error("etcd does not start");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!answers(client_port_)) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("etcd does not answer: " + sys::read_file(log));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void EtcdServer::pause() {
  ::kill(pid_, SIGSTOP);
}
void EtcdServer::resume() {
  ::kill(pid_, SIGCONT);
}

void EtcdServer::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void EtcdServer::wipe() {
  sys::remove_tree(folder_.file("data"));
}

EtcdServer& shared_etcd() {
  static EtcdServer server;
  return server;
}

}  // namespace posada::store::testing
