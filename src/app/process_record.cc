#include "app/process_record.h"

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

}  // namespace posada::app
