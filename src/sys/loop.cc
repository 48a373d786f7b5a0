#include "sys/loop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

namespace posada::sys {

namespace asio = boost::asio;

struct Loop::State {
  asio::io_context context{1};
};

// A pipe whose reader has gone is an error of that write, not the end of the process.
Loop::Loop() : state_(std::make_unique<State>()) { std::signal(SIGPIPE, SIG_IGN); }
Loop::~Loop() = default;

Executor Loop::executor() const { return state_->context.get_executor(); }

void Loop::run(Async<void> main) {
  std::exception_ptr failure;
  asio::co_spawn(state_->context, std::move(main), [this, &failure](std::exception_ptr error) {
    failure = error;
    state_->context.stop();
  });
  state_->context.run();
  if (failure) std::rethrow_exception(failure);
}

void Loop::run_until(Async<void> work) {
  state_->context.restart();
  run(std::move(work));
}

Async<int> Loop::wait_signal(std::vector<int> numbers) {
  asio::signal_set signals(state_->context);
  for (const int number : numbers) signals.add(number);
  co_return co_await signals.async_wait(asio::use_awaitable);
}

}  // namespace posada::sys
