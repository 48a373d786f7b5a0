// Which distribution the files are of (setup.h).
#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "rootfs/setup.h"

namespace posada::rootfs {

namespace {

std::map<std::string, std::string> release_of(const Files& files) {
  std::map<std::string, std::string> result;
  std::string text = files.text("/etc/os-release");
  if (text.empty()) text = files.text("/usr/lib/os-release");
  for (const std::string& line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || line.starts_with('#')) continue;
    std::string value = line.substr(equals + 1);
    std::erase_if(value, [](char byte) { return byte == '"' || byte == '\''; });
    result[line.substr(0, equals)] = value;
  }
  return result;
}

std::string family(const std::string& name) {
  static constexpr std::array<std::string_view, 10> known = {
      "debian",   "devuan",    "ubuntu", "centos", "fedora",
      "opensuse", "archlinux", "alpine", "gentoo", "nixos"};
  static const std::map<std::string, std::string, std::less<>> others = {
      {"arch", "archlinux"}, {"rhel", "centos"},   {"rocky", "centos"}, {"almalinux", "centos"},
      {"ol", "centos"},      {"suse", "opensuse"}, {"sles", "opensuse"}};
  if (const auto other = others.find(name); other != others.end()) return other->second;
  if (name.starts_with("opensuse")) return "opensuse";
  return std::ranges::find(known, name) == known.end() ? "" : name;
}

// The first number in the text: "CentOS release 6.3 (Final)" → "6.3".
std::string number_in(const std::string& text) {
  const std::size_t start = text.find_first_of("0123456789");
  if (start == std::string::npos) return {};
  const std::size_t end = text.find_first_not_of("0123456789.", start);
  return text.substr(start, end == std::string::npos ? end : end - start);
}

}  // namespace

System detect(const Files& files) {
  const auto release = release_of(files);
  const auto member = [&](const char* name) {
    const auto found = release.find(name);
    return found == release.end() ? std::string() : found->second;
  };
  System result;
  result.version = member("VERSION_ID");
  result.distribution = family(member("ID"));
  for (const std::string& like : split_list(member("ID_LIKE"))) {
    if (result.distribution.empty()) result.distribution = family(like);
  }
  if (!result.distribution.empty()) return result;
  // Before os-release there was a file of each distribution's own.
  static constexpr std::array<std::pair<const char*, const char*>, 7> own_files = {
      {{"/etc/devuan_version", "devuan"},
       {"/etc/debian_version", "debian"},
       {"/etc/fedora-release", "fedora"},
       {"/etc/redhat-release", "centos"},
       {"/etc/SuSE-release", "opensuse"},
       {"/etc/alpine-release", "alpine"},
       {"/etc/arch-release", "archlinux"}}};
  for (const auto& [path, name] : own_files) {
    if (!files.exists(path)) continue;
    result.distribution = name;
    result.version = number_in(files.text(path));
    return result;
  }
  result.distribution = "unmanaged";
  return result;
}

}  // namespace posada::rootfs
