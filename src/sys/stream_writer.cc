#include "sys/stream_writer.h"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace posada::sys {

namespace asio = boost::asio;

struct StreamWriter::State {
  State(const Executor& executor, int number)
      : socket(executor, asio::local::stream_protocol(), number) {}
  asio::local::stream_protocol::socket socket;
};

StreamWriter::StreamWriter(Executor executor, Fd socket)
    : state_(std::make_shared<State>(executor, socket.release())) {}

Async<bool> StreamWriter::write(std::string bytes) {
  const std::shared_ptr<State> state = state_;
  boost::system::error_code error;
  co_await asio::async_write(state->socket, asio::buffer(bytes),
                             asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

}  // namespace posada::sys
