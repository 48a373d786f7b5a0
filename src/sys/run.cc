// Running a program to its end with its texts collected.
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

Async<void> collect(stream_descriptor& from, std::string& into, std::size_t limit) {
  std::string buffer(16384, '\0');
  for (;;) {
    boost::system::error_code error;
    const std::size_t count = co_await from.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    into.append(buffer, 0, std::min(count, limit - std::min(limit, into.size())));
  }
}

Async<void> feed(stream_descriptor& to, std::string text) {
  boost::system::error_code error;  // a program that does not read all of it is no failure
  co_await asio::async_write(to, asio::buffer(text),
                             asio::redirect_error(asio::use_awaitable, error));
  to.close(error);
}

Async<void> kill_after(Child& child, Event& ended, Milliseconds deadline, bool& killed) {
  if (!co_await ended.wait_for(deadline)) {
    killed = true;
    child.signal(SIGKILL);
  }
}

std::string last_lines(const std::string& text, std::size_t count) {
  std::vector<std::string> lines = split_list(text, "\n");
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  return join(lines, "\n");
}

}  // namespace

Async<Finished> run(Command command, std::string input, Milliseconds deadline, std::size_t limit) {
  const Executor executor = co_await asio::this_coro::executor;
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
  stream_descriptor from(executor, output_read.release());
  stream_descriptor errors(executor, errors_read.release());
  Finished finished;
  Event ended(executor);
  bool killed = false;
  Scope scope(executor);
  scope.spawn("input", feed(to, std::move(input)));
  scope.spawn("output", collect(from, finished.output, limit));
  scope.spawn("errors", collect(errors, finished.errors, limit));
  scope.spawn("deadline", kill_after(child, ended, deadline, killed));
  std::exception_ptr failure;
  try {
    finished.status = co_await child.wait();
  } catch (...) {
    failure = std::current_exception();
    child.signal(SIGKILL);
  }
  ended.set();
  boost::system::error_code ignored;
  to.close(ignored);
  if (failure || killed) {
    from.close(ignored);  // a grandchild may hold the pipe open for ever
    errors.close(ignored);
  }
  co_await scope.join();
  if (failure) std::rethrow_exception(failure);
  if (killed) {
    throw Error::failed("sys.deadline", command.arguments[0] + " did not end within " +
                                            std::to_string(deadline.count()) + " ms");
  }
  co_return finished;
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
