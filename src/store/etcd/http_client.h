// HTTP/1.1 over plain TCP to one etcd member: POST with a deadline, and answers that come line by
// line for as long as the member lives. Connections are kept and used again.
// Runs on the loop. The only file of the store with sockets in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sys/async.h"

namespace posada::store {

struct HttpEndpoint {
  std::string address;  // numeric, IPv4 or IPv6
  std::uint16_t port = 0;

  // "127.0.0.1:2379" or "[::1]:2379", with or without "http://". Throws Error naming the text.
  static HttpEndpoint parse(std::string_view text);
  std::string text() const;
};

struct HttpResult {
  enum class Kind {
    answered,
    not_sent,   // the request never left: trying elsewhere is safe
    no_answer,  // it left, or part of it did: what became of it is not known
  };
  Kind kind = Kind::not_sent;
  unsigned status = 0;
  std::string body;
  std::string reason;  // of not_sent and no_answer
};

struct HttpDeadlines {
  sys::Milliseconds connect{1000};
  sys::Milliseconds answer{3000};
};

// An answer without an end.
class HttpLines {
 public:
  struct State;
  explicit HttpLines(std::shared_ptr<State> state);
  ~HttpLines();
  HttpLines(const HttpLines&) = delete;
  HttpLines& operator=(const HttpLines&) = delete;
  // Nothing when the answer ended, the connection broke or close() was called.
  sys::Async<std::optional<std::string>> next();
  void close();

 private:
  std::shared_ptr<State> state_;
};

class HttpClient {
 public:
  HttpClient(sys::Executor executor, HttpEndpoint endpoint);
  ~HttpClient();
  const HttpEndpoint& endpoint() const;

  sys::Async<HttpResult> post(std::string path, std::string body, HttpDeadlines deadlines);
  // Null when there is no answer with status 200 in time. The member is asked to end the answer
  // itself when it has lost its leader.
  sys::Async<std::shared_ptr<HttpLines>> post_for_lines(std::string path, std::string body,
                                                        HttpDeadlines deadlines);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace posada::store
