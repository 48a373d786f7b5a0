#include "access/sign_in_guard.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

#include "access/sign_in_error.h"
#include "base/text.h"

namespace posada::access {
namespace {

constexpr std::size_t max_records = 10'000;
// What happened longer ago than this is forgotten.
constexpr std::chrono::minutes memory(15);

// One host has a whole /64 of IPv6 addresses.
std::string source_of(std::string_view address) {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(std::string(address), error);
  if (error || parsed.is_v4()) return std::string(address);
  const auto v6 = parsed.to_v6();
  if (v6.is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6).to_string();
  }
  const auto bytes = v6.to_bytes();
  return hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), 8));
}

}  // namespace

bool SignInGuard::must_wait(const Records& records, const std::string& name,
                            const Policy& policy) const {
  const auto found = records.find(name);
  if (found == records.end() || found->second.attempts < policy.free_attempts) return false;
  const int doublings = std::min(found->second.attempts - policy.free_attempts, 20);
  const std::chrono::seconds wait =
      std::min(policy.longest_wait, std::chrono::seconds(std::int64_t{1} << doublings));
  return clock_.boot_time() < found->second.last + wait;
}

// Drops half of them at once, so that a flood of invented names costs little each; who tried often
// stays.
void SignInGuard::make_room(Records& records, sys::BootTime now) {
  std::erase_if(records, [now](const auto& entry) { return entry.second.last + memory < now; });
  if (records.size() < max_records) return;
  const auto rank = [](const Record& record) { return std::pair(record.attempts, record.last); };
  std::vector<std::pair<int, sys::BootTime>> ranks;
  for (const auto& [name, record] : records) ranks.push_back(rank(record));
  const auto middle = ranks.begin() + static_cast<std::ptrdiff_t>(ranks.size() / 2);
  std::nth_element(ranks.begin(), middle, ranks.end());
  const auto limit = *middle;
  std::erase_if(records, [&](const auto& entry) { return rank(entry.second) <= limit; });
}

void SignInGuard::count(Records& records, const std::string& name) {
  const sys::BootTime now = clock_.boot_time();
  if (!records.contains(name) && records.size() >= max_records) make_room(records, now);
  Record& record = records[name];
  if (record.last + memory < now) record.attempts = 0;
  ++record.attempts;
  record.last = now;
}

void SignInGuard::admit(std::string_view account, std::string_view address) {
  const std::string name(account);
  const std::string source = source_of(address);
  if (must_wait(accounts_, name, account_policy) || must_wait(addresses_, source, address_policy)) {
    throw sign_in_failed("access.locked");
  }
  count(accounts_, name);
  if (!source.empty()) count(addresses_, source);
}

void SignInGuard::succeeded(std::string_view account, std::string_view address) {
  if (const auto found = accounts_.find(account); found != accounts_.end()) accounts_.erase(found);
  // The source keeps its failures: one good account must not buy guesses at others.
  const auto found = addresses_.find(source_of(address));
  if (found != addresses_.end() && --found->second.attempts <= 0) addresses_.erase(found);
}

}  // namespace posada::access
