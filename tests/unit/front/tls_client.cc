#include "unit/front/tls_client.h"

#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "base/text.h"

namespace posada::front {

TlsClient::TlsClient(std::uint16_t port, bool encrypted, const char* address)
    : context_(nullptr, SSL_CTX_free), tls_(nullptr, SSL_free) {
  socket_ = sys::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  timeval patience{20, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(port);
  ::inet_pton(AF_INET, address, &peer.sin_addr);
  if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) < 0) return;
  if (encrypted) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_options(context_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    tls_.reset(SSL_new(context_.get()));
    SSL_set_fd(tls_.get(), socket_.get());
    if (SSL_connect(tls_.get()) != 1) return;
  }
  connected_ = true;
}

TlsClient::~TlsClient() = default;
TlsClient::TlsClient(TlsClient&&) noexcept = default;

std::string TlsClient::certificate_name() const {
  std::array<char, 256> name{};
  const X509* peer = SSL_get0_peer_certificate(tls_.get());
  X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name.data(), name.size());
  return name.data();
}

bool TlsClient::try_send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                         : ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// A peer that has refused meanwhile shows in what is received.
void TlsClient::send(std::string_view bytes) {
  (void)try_send(bytes);
}

std::string TlsClient::receive() {
  if (!buffer_.empty()) return std::exchange(buffer_, {});
  std::array<char, 64 * 1024> piece;
  ssize_t count = tls_ ? SSL_read(tls_.get(), piece.data(), static_cast<int>(piece.size()))
                       : ::recv(socket_.get(), piece.data(), piece.size(), 0);
  return count > 0 ? std::string(piece.data(), static_cast<std::size_t>(count)) : std::string();
}

std::string TlsClient::receive(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    std::string more = receive();
    if (more.empty()) break;
    bytes += more;
  }
  if (bytes.size() > size) {
    buffer_ = bytes.substr(size);
    bytes.resize(size);
  }
  return bytes;
}

std::string TlsClient::receive_until(std::string_view end) {
  std::string bytes;
  for (;;) {
    std::size_t at = bytes.find(end);
    if (at != std::string::npos) {
      buffer_ = bytes.substr(at + end.size());
      bytes.resize(at + end.size());
      return bytes;
    }
    std::string more = receive();
    if (more.empty()) return bytes;
    bytes += more;
  }
}

HttpResponse TlsClient::response(bool to_head) {
  HttpResponse response;
  std::string head = receive_until("\r\n\r\n");
  if (!head.ends_with("\r\n\r\n")) return response;
  std::vector<std::string> lines = split(head, '\n');
  std::string first(trim(lines[0]));
  response.status = std::stoi(first.substr(9, 3));
  response.reason = first.size() > 13 ? first.substr(13) : "";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::size_t colon = lines[i].find(':');
    if (colon == std::string::npos) continue;
    response.headers[lower(lines[i].substr(0, colon))] = trim(lines[i].substr(colon + 1));
  }
  if (response.status == 100) return this->response(to_head);
  if (to_head || response.status == 101 || response.status == 204 || response.status == 304) {
    response.complete = true;
  } else if (response.headers.count("content-length")) {
    std::size_t size = std::stoul(response.headers["content-length"]);
    response.body = receive(size);
    response.complete = response.body.size() == size;
  } else if (response.headers.count("transfer-encoding")) {
    read_chunks(response);
  } else {
    for (std::string more = receive(); !more.empty(); more = receive()) response.body += more;
    response.complete = true;
  }
  return response;
}

void TlsClient::read_chunks(HttpResponse& response) {
  for (;;) {
    std::string line = receive_until("\r\n");
    if (!line.ends_with("\r\n")) return;
    std::size_t size = std::stoul(line, nullptr, 16);
    std::string data = receive(size);
    response.body += data;
    if (receive(2) != "\r\n" || data.size() < size) return;
    if (size == 0) {
      response.complete = true;
      return;
    }
  }
}

HttpResponse TlsClient::request(const std::string& method, const std::string& target,
                                const std::string& headers, const std::string& body) {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: node:8006\r\n" + headers;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  send(text + "\r\n" + body);
  return response(method == "HEAD");
}

bool TlsClient::wait_closed() {
  for (;;) {
    std::array<char, 4096> piece;
    errno = 0;
    ssize_t count = tls_ ? SSL_read(tls_.get(), piece.data(), static_cast<int>(piece.size()))
                         : ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (count <= 0) return errno != EAGAIN && errno != EWOULDBLOCK;
  }
}

void TlsClient::close() {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace posada::front
