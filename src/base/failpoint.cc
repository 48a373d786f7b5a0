#include "base/failpoint.h"

#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace posada {
namespace {

struct Armed {
  std::string action;
  std::int64_t at = 1;
  std::int64_t passed = 0;
};

struct Points {
  std::mutex mutex;
  std::map<std::string, Armed, std::less<>> armed;
  std::set<std::string, std::less<>> seen;
  bool recording = false;

  Points() {
    const char* text = std::getenv("POSADA_FAILPOINTS");
    if (!text) return;
    recording = true;
    for (const std::string& item : split_list(text, ";")) {
      const std::size_t equals = item.find('=');
      if (equals == std::string::npos) continue;
      std::string action = item.substr(equals + 1);
      Armed point;
      if (const std::size_t at = action.find('@'); at != std::string::npos) {
        point.at = to_integer(action.substr(at + 1)).value_or(1);
        action.resize(at);
      }
      point.action = action;
      armed.emplace(item.substr(0, equals), point);
    }
  }
};

Points& points() {
  static Points instance;
  return instance;
}

}  // namespace

void failpoint(std::string_view name) {
  Points& all = points();
  if (!all.recording) return;
  const std::lock_guard lock(all.mutex);
  all.seen.emplace(name);
  const auto found = all.armed.find(name);
  if (found == all.armed.end() || ++found->second.passed != found->second.at) return;
  if (found->second.action == "kill") std::raise(SIGKILL);
  throw Error::failed("failpoint", "failpoint " + std::string(name));
}

std::vector<std::string> failpoints_seen() {
  Points& all = points();
  const std::lock_guard lock(all.mutex);
  return {all.seen.begin(), all.seen.end()};
}

}  // namespace posada
