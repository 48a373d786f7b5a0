#include "host/scan.h"

#include "base/text.h"

namespace posada::host {
namespace {

constexpr sys::Milliseconds patience(15'000);

}  // namespace

// "/srv/data  192.0.2.0/24"
std::vector<Offer> parse_exports(std::string_view text) {
  std::vector<Offer> offers;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t end = line.find_last_of(" \t");
    if (line.empty() || line[0] != '/') continue;
    if (end == std::string::npos) {
      offers.push_back({line, ""});
    } else {
      offers.push_back(
          {std::string(trim(std::string_view(line).substr(0, end))), line.substr(end + 1)});
    }
  }
  return offers;
}

// "192.0.2.5:3260,1 iqn.2020-01.test:disk"
std::vector<Offer> parse_targets(std::string_view text) {
  std::vector<Offer> offers;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split_list(line, " ");
    if (words.size() == 2) offers.push_back({words[1], words[0].substr(0, words[0].find(','))});
  }
  return offers;
}

// "Disk|share|comment", with one backslash before a bar inside.
std::vector<Offer> parse_shares(std::string_view text) {
  std::vector<Offer> offers;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, '|');
    if (fields.size() >= 2 && fields[0] == "Disk") {
      offers.push_back({fields[1], fields.size() > 2 ? fields[2] : ""});
    }
  }
  return offers;
}

sys::Async<std::vector<Offer>> nfs_exports(Host& host, std::string server) {
  Run run{.arguments = {"showmount", "--no-headers", "--exports", server}, .deadline = patience};
  co_return parse_exports(co_await output_of(host.programs, std::move(run)));
}

sys::Async<std::vector<Offer>> iscsi_targets(Host& host, std::string portal) {
  Run run{
      .arguments = {"iscsiadm", "--mode", "discovery", "--type", "sendtargets", "--portal", portal},
      .deadline = patience};
  co_return parse_targets(co_await output_of(host.programs, std::move(run)));
}

sys::Async<std::vector<Offer>> cifs_shares(Host& host, std::string server, CifsLogin login) {
  Run run{.arguments = {"smbclient", "--list=" + server, "--grepable", "--no-pass"},
          .deadline = patience};
  if (!login.user.empty()) {
    // The secret goes by the environment, never by the command line.
    run.arguments = {"smbclient", "--list=" + server, "--grepable"};
    run.environment = {{"USER", login.user}, {"PASSWD", login.password}};
    if (!login.domain.empty()) run.arguments.push_back("--workgroup=" + login.domain);
  }
  co_return parse_shares(co_await output_of(host.programs, std::move(run)));
}

}  // namespace posada::host
