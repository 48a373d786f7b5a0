#include "app/process_record.h"

#include <csignal>

#include "base/json.h"
#include "sys/file.h"

namespace posada::app {

void remember_process(const std::string& file, int pid, const std::string& mark) {
  sys::write_file(file, json::serialize(json::object{
                            {"pid", pid}, {"start", sys::start_ticks(pid)}, {"mark", mark}}));
}

std::optional<sys::Child> find_process(const std::string& file, sys::Executor executor,
                                       std::string* mark) {
  const std::optional<std::string> text = sys::read_file_if_exists(file);
  if (!text) return std::nullopt;
  const json::value record = json::parse(*text);
  if (mark) *mark = text_of(record.at("mark"));
  return sys::adopt(executor, record.at("pid").to_number<int>(),
                    record.at("start").to_number<std::uint64_t>());
}

sys::Async<void> end_process(sys::Child process, sys::Executor executor,
                             std::chrono::seconds patience) {
  process.signal(SIGTERM);
  sys::Event ended(executor);
  sys::Scope scope(executor);
  scope.spawn("end", [](sys::Child& child, sys::Event& event) -> sys::Async<void> {
    co_await child.wait();
    event.set();
  }(process, ended));
  if (!co_await ended.wait_for(patience)) process.signal(SIGKILL);
  co_await scope.join();
}

}  // namespace posada::app
