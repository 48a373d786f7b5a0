#include "host/package_sources.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::host {
namespace {

// A line of sources.list: "[#] deb [ key=a,b ] URI SUITE COMPONENT…  # comment".
std::optional<PackageSource> parse_line(std::string_view line) {
  PackageSource source;
  line = trim(line);
  if (line.starts_with('#')) {
    source.enabled = false;
    line = trim(line.substr(1));
  }
  if (!line.starts_with("deb ") && !line.starts_with("deb-src ")) return std::nullopt;
  if (const std::size_t hash = line.find('#'); hash != std::string_view::npos) {
    source.comment = trim(line.substr(hash + 1));
    line = line.substr(0, hash);
  }
  if (const std::size_t open = line.find('['); open != std::string_view::npos) {
    const std::size_t close = line.find(']', open);
    if (close == std::string_view::npos) return std::nullopt;
    for (const std::string& option : split_list(line.substr(open + 1, close - open - 1), " \t")) {
      const std::size_t equals = option.find('=');
      if (equals == std::string::npos) return std::nullopt;
      source.options.emplace_back(option.substr(0, equals),
                                  split_list(option.substr(equals + 1), ","));
    }
    std::vector<std::string> words = split_list(line.substr(0, open), " \t");
    for (std::string& word : split_list(line.substr(close + 1), " \t")) {
      words.push_back(std::move(word));
    }
    if (words.size() < 3) return std::nullopt;
    source.types = {words[0]};
    source.uris = {words[1]};
    source.suites = {words[2]};
    source.components.assign(words.begin() + 3, words.end());
    return source;
  }
  const std::vector<std::string> words = split_list(line, " \t");
  if (words.size() < 3) return std::nullopt;
  source.types = {words[0]};
  source.uris = {words[1]};
  source.suites = {words[2]};
  source.components.assign(words.begin() + 3, words.end());
  return source;
}

bool is_comment_only(std::string_view line) {
  line = trim(line);
  return line.empty() || line.starts_with('#');
}

void take_field(PackageSource& source, const std::string& key, const std::string& value) {
  const std::string name = lower(key);
  if (name == "types") {
    source.types = split_list(value);
  } else if (name == "uris") {
    source.uris = split_list(value);
  } else if (name == "suites") {
    source.suites = split_list(value);
  } else if (name == "components") {
    source.components = split_list(value);
  } else if (name == "enabled") {
    source.enabled = lower(value) != "no" && lower(value) != "false" && value != "0";
  } else {
    source.options.emplace_back(key, split_list(value));
  }
}

// Line numbers of the entries of a *.list file, and first line and end of each stanza otherwise.
std::vector<std::pair<std::size_t, std::size_t>> places_of_entries(
    const std::vector<std::string>& lines, bool deb822) {
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!deb822) {
      if (parse_line(lines[i])) places.emplace_back(i, i + 1);
      continue;
    }
    if (is_comment_only(lines[i])) continue;
    std::size_t end = i;
    while (end < lines.size() && !trim(lines[end]).empty()) ++end;
    places.emplace_back(i, end);
    i = end;
  }
  return places;
}

void set_enabled(std::vector<std::string>& lines, std::pair<std::size_t, std::size_t> place,
                 bool deb822, bool enabled) {
  if (!deb822) {
    std::string line(trim(lines[place.first]));
    while (line.starts_with('#')) line = trim(std::string_view(line).substr(1));
    lines[place.first] = enabled ? line : "# " + line;
    return;
  }
  const std::string field = std::string("Enabled: ") + (enabled ? "yes" : "no");
  for (std::size_t i = place.first; i < place.second; ++i) {
    if (lower(lines[i]).starts_with("enabled:")) {
      lines[i] = field;
      return;
    }
  }
  lines.insert(lines.begin() + static_cast<long>(place.second), field);
}

SourceFile read_source_file(const std::string& path) {
  const std::string text = sys::read_file(path);
  const bool deb822 = path.ends_with(".sources");
  SourceFile file = deb822 ? parse_deb822_sources(text) : parse_one_line_sources(text);
  file.path = path;
  file.deb822 = deb822;
  file.digest = sha256(text);
  return file;
}

}  // namespace

SourceFile parse_one_line_sources(std::string_view text) {
  SourceFile file;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (auto source = parse_line(line)) {
      file.sources.push_back(*std::move(source));
    } else if (!is_comment_only(line) && file.error.empty()) {
      file.error = "line " + std::to_string(number) + " is no package source";
    }
  }
  return file;
}

SourceFile parse_deb822_sources(std::string_view text) {
  SourceFile file;
  file.deb822 = true;
  const std::vector<std::string> lines = split(text, '\n');
  for (const auto& [first, end] : places_of_entries(lines, true)) {
    PackageSource source;
    std::string key, value;
    for (std::size_t i = first; i < end; ++i) {
      const std::string& line = lines[i];
      if (line[0] == '#') continue;
      if (line[0] == ' ' || line[0] == '\t') {
        value += "\n" + std::string(trim(line));
        continue;
      }
      if (!key.empty()) take_field(source, key, value);
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) {
        if (file.error.empty()) file.error = "line " + std::to_string(i + 1) + " has no colon";
        key.clear();
        continue;
      }
      key = line.substr(0, colon);
      value = trim(std::string_view(line).substr(colon + 1));
    }
    if (!key.empty()) take_field(source, key, value);
    file.sources.push_back(std::move(source));
  }
  return file;
}

std::vector<SourceFile> read_package_sources(const Host& host) {
  const std::string folder = host.machine_etc() + "/apt";
  std::vector<SourceFile> files;
  if (sys::exists(folder + "/sources.list")) {
    files.push_back(read_source_file(folder + "/sources.list"));
  }
  for (const std::string& name : sys::list_directory(folder + "/sources.list.d")) {
    if (!name.ends_with(".list") && !name.ends_with(".sources")) continue;
    files.push_back(read_source_file(folder + "/sources.list.d/" + name));
  }
  return files;
}

std::string digest_of(const std::vector<SourceFile>& files) {
  std::string all;
  for (const SourceFile& file : files) all += file.digest;
  return sha256_hex(all);
}

void enable_package_source(const Host& host, const std::string& path, std::size_t index,
                           bool enabled, const std::string& digest) {
  const std::vector<SourceFile> files = read_package_sources(host);
  if (!digest.empty() && digest_of(files) != digest) {
    throw Error::failed("text.changed",
                        "detected modified configuration - file changed by other user? Try again.",
                        {{"key", path}});
  }
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const SourceFile& one) { return one.path == path; });
  if (file == files.end()) {
    throw Error::parameter("path", "'" + path + "' is no file of package sources");
  }
  std::vector<std::string> lines = split(sys::read_file(path), '\n');
  const auto places = places_of_entries(lines, file->deb822);
  if (index >= places.size()) {
    throw Error::parameter(
        "index", "the file has " + std::to_string(places.size()) + " entries, counted from 0");
  }
  set_enabled(lines, places[index], file->deb822, enabled);
  sys::write_file(path, join(lines, "\n"));
}

}  // namespace posada::host
