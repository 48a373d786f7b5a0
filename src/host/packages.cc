#include "host/packages.h"

#include <algorithm>

#include "base/text.h"

namespace posada::host {
namespace {

constexpr const char* version_format =
    "--showformat=${Package}\\t${Version}\\t${Architecture}\\t${Section}\\t${Priority}\\t"
    "${db:Status-Status}\\t${binary:Summary}\\n";
constexpr sys::Milliseconds network_patience(60'000);
constexpr sys::Milliseconds refresh_patience(600'000);

std::string value_of(const std::map<std::string, std::string>& paragraph, const std::string& key) {
  const auto found = paragraph.find(key);
  return found == paragraph.end() ? std::string() : found->second;
}

Package package_from(const std::vector<std::string>& fields) {
  Package package;
  package.name = fields[0];
  package.version = fields[1];
  package.architecture = fields[2];
  package.section = fields[3];
  package.priority = fields[4];
  package.installed = fields[5] == "installed";
  package.title = fields[6];
  return package;
}

}  // namespace

std::vector<Package> parse_upgrade(std::string_view text) {
  std::vector<Package> packages;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split_list(line, " ()[]");
    const bool replaces = line.find(" [") < line.find(" (");
    const std::size_t after_old = replaces ? 3 : 2;
    if (words.size() < after_old + 2 || words[0] != "Inst") continue;
    Package package;
    package.name = words[1];
    if (replaces) package.old_version = words[2];
    package.version = words[after_old];
    package.origin = words[after_old + 1].substr(0, words[after_old + 1].find(':'));
    // What follows the archives is the architecture, in brackets of its own.
    const std::size_t open = line.rfind(" [");
    const std::size_t close = line.find(']', open);
    if (open > line.find(" (") && close != std::string::npos) {
      package.architecture = line.substr(open + 2, close - open - 2);
    }
    packages.push_back(std::move(package));
  }
  return packages;
}

std::map<std::string, std::map<std::string, std::string>> parse_paragraphs(std::string_view text) {
  std::map<std::string, std::map<std::string, std::string>> result;
  std::map<std::string, std::string> paragraph;
  std::string last;
  const auto finish = [&] {
    if (const auto name = paragraph.find("Package"); name != paragraph.end()) {
      result.emplace(name->second, paragraph);
    }
    paragraph.clear();
  };
  for (const std::string& line : split(text, '\n')) {
    if (line.empty()) {
      finish();
    } else if (line[0] == ' ') {
      paragraph[last] += "\n" + line.substr(1);
    } else if (const std::size_t colon = line.find(':'); colon != std::string::npos) {
      last = line.substr(0, colon);
      // Translated descriptions are named Description-en and the like.
      if (last.starts_with("Description-") && last != "Description-md5") last = "Description";
      paragraph[last] = trim(std::string_view(line).substr(colon + 1));
    }
  }
  finish();
  return result;
}

sys::Async<std::vector<Package>> package_versions(Host& host, std::vector<std::string> names) {
  Run run{.arguments = {"dpkg-query", "--show", version_format}};
  run.arguments.insert(run.arguments.end(), names.begin(), names.end());
  // Names that dpkg does not know make it end with 1; the others are told all the same.
  const sys::Finished finished = co_await host.programs.run(std::move(run));
  std::map<std::string, Package> found;
  for (const std::string& line : split(finished.output, '\n')) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields.size() == 7) found.emplace(fields[0], package_from(fields));
  }
  std::vector<Package> packages;
  for (const std::string& name : names) {
    const auto one = found.find(name);
    packages.push_back(one == found.end() ? Package{.name = name} : one->second);
  }
  co_return packages;
}

sys::Async<std::vector<Package>> available_updates(Host& host) {
  Run simulation{
      .arguments = {"apt-get", "--simulate", "--option=Debug::NoLocking=1", "dist-upgrade"},
      .deadline = network_patience};
  std::vector<Package> packages =
      parse_upgrade(co_await output_of(host.programs, std::move(simulation)));
  if (packages.empty()) co_return packages;
  Run show{.arguments = {"apt-cache", "show"}, .limit = 32 * 1024 * 1024};
  for (const Package& package : packages) {
    show.arguments.push_back(package.name + "=" + package.version);
  }
  const auto paragraphs = parse_paragraphs(co_await output_of(host.programs, std::move(show)));
  for (Package& package : packages) {
    const auto found = paragraphs.find(package.name);
    if (found == paragraphs.end()) continue;
    package.section = value_of(found->second, "Section");
    package.priority = value_of(found->second, "Priority");
    package.description = value_of(found->second, "Description");
    package.title = package.description.substr(0, package.description.find('\n'));
  }
  co_return packages;
}

sys::Async<std::string> package_changelog(Host& host, std::string name, std::string version) {
  Run run{.arguments = {"apt-get", "changelog", "--quiet=2", "--option=Acquire::http::Timeout=10",
                        "--option=Acquire::https::Timeout=10", "--",
                        version.empty() ? name : name + "=" + version},
          .environment = {{"PAGER", "cat"}},
          .deadline = network_patience};
  co_return co_await output_of(host.programs, std::move(run));
}

sys::Async<void> refresh_package_lists(Host& host, std::function<void(std::string)> log) {
  Run run{.arguments = {"apt-get", "update", "--quiet"},
          .environment = {{"DEBIAN_FRONTEND", "noninteractive"}},
          .deadline = refresh_patience};
  const sys::Finished finished = co_await host.programs.run(std::move(run));
  for (const std::string& line : split_list(finished.output + "\n" + finished.errors, "\n")) {
    log(line);
  }
  if (finished.status != 0) {
    throw Error::failed("host.apt-update", "command 'apt-get update' failed: exit code " +
                                               std::to_string(finished.status));
  }
}

}  // namespace posada::host
