// A plain blocking HTTPS client for the front's tests. Every wait ends after some seconds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sys/fd.h"

struct ssl_st;
struct ssl_ctx_st;

namespace posada::front {

struct HttpResponse {
  int status = 0;  // 0: the connection ended before an answer
  std::string reason;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool complete = false;  // the body came to its end by its own framing
};

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, bool encrypted = true, const char* address = "127.0.0.1");
  ~TlsClient();
  TlsClient(TlsClient&&) noexcept;

  bool connected() const { return connected_; }
  std::string certificate_name() const;  // the subject's common name
  void send(std::string_view bytes);
  bool try_send(std::string_view bytes);
  // More bytes; empty at the end of the stream or when nothing came in time.
  std::string receive();
  // Exactly `size` bytes, or fewer at the end.
  std::string receive(std::size_t size);
  std::string receive_until(std::string_view end);
  HttpResponse response(bool to_head = false);
  HttpResponse request(const std::string& method, const std::string& target,
                       const std::string& headers = "", const std::string& body = "");
  // True when the peer ends the connection in time.
  bool wait_closed();
  void close();

 private:
  void read_chunks(HttpResponse& response);

  sys::Fd socket_;
  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
  std::string buffer_;
  bool connected_ = false;
};

}  // namespace posada::front
