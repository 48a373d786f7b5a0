#include "host/name_service.h"

#include <algorithm>

#include "base/digest.h"
#include "base/formats.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::host {
namespace {

constexpr const char* hosts_name = "hosts";
constexpr const char* resolver_name = "resolv.conf";
constexpr std::size_t most_servers = 3;  // that the C library looks at
constexpr std::size_t largest_file = 1024 * 1024;

bool is_address(std::string_view word) {
  return is_ip(word.substr(0, word.find('%')));
}

std::string_view without_comment(std::string_view line) {
  return line.substr(0, line.find('#'));
}

}  // namespace

Resolver parse_resolver(std::string_view text) {
  Resolver resolver;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split_list(line, " \t");
    if (words.size() < 2) continue;
    if (words[0] == "search" || words[0] == "domain") {
      resolver.search = join({words.begin() + 1, words.end()}, " ");
    }
    if (words[0] == "nameserver" && resolver.servers.size() < most_servers) {
      resolver.servers.push_back(words[1]);
    }
  }
  return resolver;
}

std::string change_resolver(std::string_view text, const Resolver& resolver) {
  std::string result;
  if (!resolver.search.empty()) result += "search " + resolver.search + "\n";
  std::vector<std::string> written;
  for (const std::string& server : resolver.servers) {
    if (std::find(written.begin(), written.end(), server) != written.end()) continue;
    written.push_back(server);
    result += "nameserver " + server + "\n";
  }
  std::vector<std::string> lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const std::string& line : lines) {
    const std::vector<std::string> words = split_list(line, " \t");
    const bool ours = !words.empty() &&
                      (words[0] == "search" || words[0] == "domain" || words[0] == "nameserver");
    if (!ours) result += line + "\n";
  }
  return result;
}

std::optional<std::string> hosts_fault(std::string_view text) {
  if (text.size() > largest_file) return "the file may have 1 MiB at most";
  if (text.find('\0') != std::string_view::npos) return "the file may hold no NUL byte";
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    const std::vector<std::string> words = split_list(without_comment(line), " \t\r");
    if (words.empty()) continue;
    const std::string where = "line " + std::to_string(number) + ": ";
    if (!is_address(words[0])) return where + "'" + words[0] + "' is no IP address";
    if (words.size() < 2) return where + "no name follows the address " + words[0];
  }
  return std::nullopt;
}

HostsFile read_hosts(const Host& host) {
  std::string text = host.read_etc(hosts_name);
  std::string digest = sha1_hex(text);
  return {std::move(text), std::move(digest)};
}

void write_hosts(const Host& host, const std::string& text, const std::string& digest) {
  if (const auto fault = hosts_fault(text)) throw Error::parameter("data", *fault);
  if (!digest.empty() && read_hosts(host).digest != digest) {
    throw Error::failed("text.changed",
                        "detected modified configuration - file changed by other user? Try again.",
                        {{"key", hosts_name}});
  }
  std::string whole = text;
  if (!whole.empty() && !whole.ends_with('\n')) whole += '\n';
  sys::write_file(host.writable_etc(hosts_name), whole);
}

Resolver read_resolver(const Host& host) {
  return parse_resolver(host.read_etc(resolver_name));
}

void write_resolver(const Host& host, const Resolver& resolver) {
  for (const std::string& domain : split_list(resolver.search, " \t")) {
    if (!is_dns_name(domain)) {
      throw Error::parameter("search", "'" + domain + "' is no domain name");
    }
  }
  const std::string text = change_resolver(host.read_etc(resolver_name), resolver);
  sys::write_file(host.writable_etc(resolver_name), text);
}

}  // namespace posada::host
