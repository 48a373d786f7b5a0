// Whether the compiler translates coroutines rightly: the lines that everybody writes, each with
// values that notice when they are destroyed twice, never, or without having been made. GCC 12
// fails here without a word of warning, which is why the configuration refuses it
// (cmake/compiler.cmake). Each case runs in a process of its own, since a wrong one may crash.
//
// Needs nothing but the standard library: g++-12 -std=c++20 tests/compiler/coroutines.cc

#include <coroutine>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>

#include <unistd.h>

namespace {

std::set<const void*> living;
int mistakes = 0;

// A value whose life is watched.
class Held {
 public:
  explicit Held(std::string text) : text_(std::move(text)) { living.insert(this); }
  Held(const Held& other) : text_(other.text()) { living.insert(this); }
  Held(Held&& other) noexcept : text_(std::move(other.text_)) { living.insert(this); }
  Held& operator=(const Held&) = default;
  Held& operator=(Held&&) noexcept = default;
  ~Held() {
    if (living.erase(this) == 0) ++mistakes;
  }
  const std::string& text() const {
    if (!living.contains(this)) ++mistakes;
    return text_;
  }
  std::size_t size() const { return text().size(); }

 private:
  std::string text_;
};

Held long_text(char letter = 'a') {
  return Held(std::string(40, letter));
}

// A lazy coroutine, as sys::Async is one.
template <typename T>
class Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::exception_ptr failure;
    std::coroutine_handle<> next;

    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
      struct Resume {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
          const auto waiting = ended.promise().next;
          return waiting ? waiting : std::noop_coroutine();
        }
        void await_resume() noexcept {}
      };
      return Resume();
    }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() { failure = std::current_exception(); }
  };

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> next) noexcept {
    handle_.promise().next = next;
    return handle_;
  }
  T await_resume() { return take(); }

  T run() {
    handle_.resume();
    return take();
  }

 private:
  T take() {
    if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
    return std::move(*handle_.promise().value);
  }
  std::coroutine_handle<promise_type> handle_;
};

// What the cases call.
Task<bool> is_long(Held value) {
  co_return value.size() == 40;
}
Task<bool> is_long_too(const Held& value) {
  co_return value.size() == 40;
}
Task<Held> same(Held value) {
  co_return value;
}
Task<int> sum(std::vector<Held> values) {
  int result = 0;
  for (const Held& value : values) result += static_cast<int>(value.size());
  co_return result;
}
Task<std::vector<Held>> two() {
  std::vector<Held> result;
  result.push_back(long_text('x'));
  result.push_back(long_text('y'));
  co_return result;
}
Task<int> fails(Held value) {
  if (value.size() == 40) throw std::runtime_error("as asked");
  co_return 1;
}
struct Pair {
  Held first, second;
};
Task<int> both(Pair pair) {
  co_return static_cast<int>(pair.first.size() + pair.second.size());
}

// The cases: each gives 1 when its result is right.
Task<int> in_a_condition() {
  if (co_await is_long(long_text())) co_return 1;
  co_return 0;
}
Task<int> in_a_condition_by_reference() {
  if (co_await is_long_too(long_text())) co_return 1;
  co_return 0;
}
Task<int> in_a_negated_condition() {
  if (!co_await is_long(long_text()) || !co_await is_long_too(long_text('b'))) co_return 0;
  co_return 1;
}
Task<int> in_a_loop_condition() {
  int rounds = 0;
  while (co_await is_long(Held(std::string(rounds < 3 ? 40 : 1, 'c')))) ++rounds;
  co_return rounds == 3;
}
Task<int> in_a_switch() {
  switch (co_await both({long_text(), long_text('b')})) {
    case 80:
      co_return 1;
    default:
      co_return 0;
  }
}
Task<int> in_a_choice() {
  const bool wanted = co_await is_long(long_text());
  const Held got = wanted ? co_await same(long_text('d')) : co_await same(long_text('e'));
  co_return got.text() == std::string(40, 'd');
}
Task<int> in_a_return() {
  co_return static_cast<int>((co_await same(long_text())).size() == 40);
}
Task<Held> forwarded() {
  co_return co_await same(long_text('f'));
}
Task<int> in_a_returned_await() {
  co_return (co_await forwarded()).text() == std::string(40, 'f');
}
Task<int> in_a_range() {
  std::size_t total = 0;
  for (const Held& value : co_await two()) total += value.size();
  co_return total == 80;
}
Task<int> in_an_aggregate() {
  const Pair pair{co_await same(long_text('g')), co_await same(long_text('h'))};
  co_return pair.first.text() + pair.second.text() == std::string(40, 'g') + std::string(40, 'h');
}
Task<int> in_designated_braces() {
  co_return co_await both({.first = long_text(), .second = long_text('b')}) == 80;
}
Task<int> in_an_argument_of_another() {
  co_return co_await is_long(co_await same(long_text())) &&
      co_await is_long(co_await same(co_await same(long_text())));
}
Task<int> in_a_member_call() {
  co_return (co_await two()).at(1).text() == std::string(40, 'y');
}
Task<int> with_a_function_that_holds_a_value() {
  const std::function<Task<int>(Held)> work = [kept = long_text()](Held more) -> Task<int> {
    co_return static_cast<int>(kept.size() + more.size());
  };
  co_return co_await work(long_text()) == 80;
}
Task<int> with_a_lambda_called_in_place() {
  co_return co_await [](Held value, Held other) -> Task<int> {
    co_return static_cast<int>(value.size() + other.size());
  }(long_text(), co_await same(long_text())) == 80;
}
Task<int> with_an_exception() {
  int caught = 0;
  try {
    if (co_await fails(long_text()) == 1) co_return 0;
  } catch (const std::runtime_error&) {
    caught = 1;
  }
  co_return caught&& co_await is_long(long_text());
}
Task<int> with_a_default_argument() {
  const auto again = [](Held value = long_text('i')) { return same(std::move(value)); };
  co_return (co_await again()).text() == std::string(40, 'i');
}
Task<int> with_an_optional() {
  std::optional<Held> value;
  if (const bool yes = co_await is_long(long_text()); yes) value = co_await same(long_text('j'));
  co_return value && value->text() == std::string(40, 'j');
}
Task<int> moved_parameters(Held first, std::vector<Held> rest) {
  const Held mine = co_await same(std::move(first));
  co_return static_cast<int>(mine.size()) + co_await sum(std::move(rest)) == 120;
}

struct Case {
  const char* name;
  Task<int> (*make)();
};

constexpr Case cases[] = {
    {"a temporary in a condition", in_a_condition},
    {"a temporary by reference in a condition", in_a_condition_by_reference},
    {"temporaries in a negated condition", in_a_negated_condition},
    {"a temporary in the condition of a loop", in_a_loop_condition},
    {"temporaries in a switch", in_a_switch},
    {"a choice between two awaits", in_a_choice},
    {"a value awaited in a return", in_a_return},
    {"an await returned", in_a_returned_await},
    {"a range that is awaited", in_a_range},
    {"an aggregate of awaited values", in_an_aggregate},
    {"a designated aggregate as argument", in_designated_braces},
    {"an await as another's argument", in_an_argument_of_another},
    {"a member of an awaited value", in_a_member_call},
    {"a function object that holds a value", with_a_function_that_holds_a_value},
    {"a lambda called in place", with_a_lambda_called_in_place},
    {"an exception past a temporary", with_an_exception},
    {"a default argument", with_a_default_argument},
    {"an optional that is filled", with_an_optional},
    {"parameters that are moved on",
     [] { return moved_parameters(long_text(), std::vector<Held>(2, long_text())); }},
};

bool is_right(const Case& one) {
  const bool result = one.make().run() == 1;
  return result && mistakes == 0 && living.empty();
}

bool passes(const Case& one) {
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) ::_exit(is_right(one) ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status == 0) return true;
  std::printf("miscompiled: %s%s\n", one.name, WIFSIGNALED(status) ? " (crashes)" : "");
  return false;
}

}  // namespace

int main() {
  int passed = 0, failed = 0;
  for (const Case& one : cases) ++(passes(one) ? passed : failed);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
