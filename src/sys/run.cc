// Running a program to its end with its texts collected.
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/process.h"

namespace posada::sys {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

namespace {

std::pair<Fd, Fd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot create a pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

// What the program writes, by two coroutines that share this.
struct Output {
  Output(const Executor& executor, Fd output, Fd errors, std::size_t limit_)
      : output(executor, output.release()),
        errors(executor, errors.release()),
        limit(limit_),
        closed(executor) {}
  stream_descriptor output, errors;
  const std::size_t limit;
  int open = 2;
  Event closed;  // both
  Finished finished;
};

Async<void> collect(Output& output, stream_descriptor& from, std::string& into) {
  std::string buffer(16384, '\0');
  for (;;) {
    boost::system::error_code error;
    const std::size_t count = co_await from.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    into.append(buffer, 0, std::min(count, output.limit - std::min(output.limit, into.size())));
  }
  if (--output.open == 0) output.closed.set();
}

Async<void> feed(stream_descriptor& to, std::string text) {
  boost::system::error_code error;  // a program that does not read all of it is no failure
  co_await asio::async_write(to, asio::buffer(text),
                             asio::redirect_error(asio::use_awaitable, error));
  to.close(error);
}

void kill(const Child& child, bool group) {
  group ? child.kill_group() : child.signal(SIGKILL);
}

Async<void> kill_after(Child& child, bool group, Event& ended, Milliseconds deadline,
                       bool& killed) {
  if (co_await ended.wait_for(deadline)) co_return;
  killed = true;
  kill(child, group);
}

Async<void> kill_at(CancelToken cancel, Child& child, bool group, bool& cancelled) {
  co_await cancel.wait();
  cancelled = true;
  kill(child, group);
}

std::string last_lines(const std::string& text, std::size_t count) {
  std::vector<std::string> lines = split_list(text, "\n");
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  return join(lines, "\n");
}

Async<Finished> run_until(Command command, std::string input, Milliseconds deadline,
                          std::size_t limit, std::optional<CancelToken> cancel) {
  constexpr Milliseconds linger(1000);
  const Executor executor = co_await asio::this_coro::executor;
  if (cancel) cancel->check();
  auto [input_read, input_write] = make_pipe();
  auto [output_read, output_write] = make_pipe();
  auto [errors_read, errors_write] = make_pipe();
  command.descriptors[0] = input_read.get();
  command.descriptors[1] = output_write.get();
  command.descriptors[2] = errors_write.get();
  Child child = spawn(executor, command);
  input_read.reset();
  output_write.reset();
  errors_write.reset();

  stream_descriptor to(executor, input_write.release());
  Output output(executor, std::move(output_read), std::move(errors_read), limit);
  const bool group = command.new_session;
  Event ended(executor);
  bool killed = false, cancelled = false;
  Scope scope(executor), stopper(executor);
  scope.spawn("input", feed(to, std::move(input)));
  scope.spawn("output", collect(output, output.output, output.finished.output));
  scope.spawn("errors", collect(output, output.errors, output.finished.errors));
  scope.spawn("deadline", kill_after(child, group, ended, deadline, killed));
  if (cancel) stopper.spawn("cancel", kill_at(*cancel, child, group, cancelled));
  std::exception_ptr failure;
  try {
    output.finished.status = co_await child.wait();
    // What it wrote is there; what it has left running may hold the pipes open for ever.
    co_await output.closed.wait_for(linger);
  } catch (...) {
    failure = std::current_exception();
    kill(child, group);
  }
  if (failure) {
    // Cancelled together with the caller; what refers to this frame still has to end.
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  }
  ended.set();
  stopper.stop();
  boost::system::error_code ignored;
  to.close(ignored);
  output.output.close(ignored);
  output.errors.close(ignored);
  co_await scope.join();
  co_await stopper.join();
  if (failure) std::rethrow_exception(failure);
  if (cancelled) cancel->check();
  if (killed) {
    throw Error::failed("sys.deadline", command.arguments[0] + " did not end within " +
                                            std::to_string(deadline.count()) + " ms");
  }
  co_return std::move(output.finished);
}

}  // namespace

Async<Finished> run(Command command, std::string input, Milliseconds deadline, std::size_t limit) {
  return run_until(std::move(command), std::move(input), deadline, limit, std::nullopt);
}

Async<Finished> run_cancellable(Command command, CancelToken cancel, Milliseconds deadline) {
  constexpr std::size_t limit = 1024 * 1024;
  return run_until(std::move(command), {}, deadline, limit, std::move(cancel));
}

Async<Finished> run_checked(Command command, std::string input, Milliseconds deadline) {
  const std::string name = command.arguments.at(0);
  Finished finished = co_await run(std::move(command), std::move(input), deadline);
  if (finished.status != 0) {
    std::string text = last_lines(finished.errors, 3);
    if (text.empty()) text = "exit status " + std::to_string(finished.status);
    throw Error::failed("sys.program-failed", name + " failed: " + text, {{"program", name}});
  }
  co_return finished;
}

}  // namespace posada::sys
