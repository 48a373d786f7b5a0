#include "worker/fetch.h"

#include <array>
#include <exception>
#include <memory>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/network_address.h"
#include "base/text.h"

namespace posada::worker {
namespace {

constexpr long connect_seconds = 20;
constexpr long stall_seconds = 60;
constexpr long slowest_bytes_a_second = 1;
constexpr long most_redirects = 5;

struct Transfer {
  const FetchOptions& options;
  Job& job;
  const std::function<void(std::string_view)>& write;
  CURL* handle = nullptr;
  std::string refused;  // the address that was not connected to
  std::string named;    // by Content-Disposition
  std::exception_ptr failure;
};

std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text.data(),
              text.size());
  } else if (address->sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text.data(),
              text.size());
  }
  return text.data();
}

curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string text = address_text(&address->addr);
  if (!transfer.options.allow_private_addresses && !is_public_address(text)) {
    transfer.refused = text;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t take_body(const char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    transfer.write(std::string_view(bytes, size * count));
    return size * count;
  } catch (const Error&) {
    // An exception must not pass through the library; the transfer ends with an error instead.
    transfer.failure = std::current_exception();
    return 0;
  }
}

std::size_t take_header(const char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line = trim(std::string_view(bytes, size * count));
  constexpr std::string_view wanted = "content-disposition:";
  if (lower(line.substr(0, wanted.size())) != wanted) return size * count;
  const std::size_t at = line.find("filename=\"");
  if (at == std::string_view::npos) return size * count;
  const std::string_view rest = line.substr(at + 10);
  transfer.named = rest.substr(0, rest.find('"'));
  return size * count;
}

int take_progress(void* user, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.job.cancelled()) return 1;
  if (total > 0) {
    transfer.job.progress(static_cast<double>(now) / static_cast<double>(total),
                          fmt::format("{} of {} MiB", now >> 20, total >> 20));
  }
  return 0;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code != CURLE_OK)
    throw Error::failed("worker.download", fmt::format("libcurl: {}", curl_easy_strerror(code)));
}

void prepare(CURL* handle, Transfer& transfer) {
  const FetchOptions& options = transfer.options;
  set(handle, CURLOPT_URL, options.url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, 1L);
  set(handle, CURLOPT_MAXREDIRS, most_redirects);
  set(handle, CURLOPT_PROXY, "");
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_FAILONERROR, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  set(handle, CURLOPT_LOW_SPEED_LIMIT, slowest_bytes_a_second);
  set(handle, CURLOPT_LOW_SPEED_TIME, stall_seconds);
  set(handle, CURLOPT_SSL_VERIFYPEER, options.verify_certificates ? 1L : 0L);
  set(handle, CURLOPT_SSL_VERIFYHOST, options.verify_certificates ? 2L : 0L);
  set(handle, CURLOPT_USERAGENT, "posada");
  set(handle, CURLOPT_NOBODY, options.head_only ? 1L : 0L);
  set(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(handle, CURLOPT_OPENSOCKETDATA, &transfer);
  set(handle, CURLOPT_WRITEFUNCTION, take_body);
  set(handle, CURLOPT_WRITEDATA, &transfer);
  set(handle, CURLOPT_HEADERFUNCTION, take_header);
  set(handle, CURLOPT_HEADERDATA, &transfer);
  set(handle, CURLOPT_XFERINFOFUNCTION, take_progress);
  set(handle, CURLOPT_XFERINFODATA, &transfer);
  set(handle, CURLOPT_NOPROGRESS, 0L);
}

FetchFacts facts_of(CURL* handle, const Transfer& transfer) {
  FetchFacts facts;
  char* text = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text)
    facts.mime_type = trim(std::string_view(text).substr(0, std::string_view(text).find(';')));
  curl_off_t bytes = -1;
  if (curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &bytes) == CURLE_OK &&
      bytes >= 0)
    facts.bytes = static_cast<std::uint64_t>(bytes);
  if (curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &text) == CURLE_OK && text) {
    std::string_view url = text;
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t scheme = url.find("://");
    const std::size_t slash = url.rfind('/');
    if (slash != std::string_view::npos && slash > scheme + 2)
      facts.file = decode_percent(url.substr(slash + 1));
  }
  if (!transfer.named.empty()) facts.file = transfer.named;
  const std::size_t slash = facts.file.rfind('/');
  if (slash != std::string::npos) facts.file.erase(0, slash + 1);
  return facts;
}

}  // namespace

FetchFacts fetch(const FetchOptions& options, Job& job,
                 const std::function<void(std::string_view)>& write) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(),
                                                                   curl_easy_cleanup);
  if (!handle) throw Error::failed("worker.download", "libcurl cannot start");
  std::array<char, CURL_ERROR_SIZE> detail{};
  Transfer transfer{options, job, write, handle.get(), {}, {}, {}};
  prepare(handle.get(), transfer);
  set(handle.get(), CURLOPT_ERRORBUFFER, detail.data());
  const CURLcode code = curl_easy_perform(handle.get());
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  job.check_cancelled();
  if (code != CURLE_OK) {
    if (!transfer.refused.empty())
      throw Error::failed("worker.download-private",
                          fmt::format("download refused: '{}' leads to the address {}, which is "
                                      "not on the public internet (private_downloads in "
                                      "posada.toml allows it)",
                                      options.url, transfer.refused),
                          {{"url", options.url}, {"address", transfer.refused}});
    const std::string reason = detail[0] ? detail.data() : curl_easy_strerror(code);
    throw Error::failed("worker.download", "download failed: " + reason, {{"url", options.url}});
  }
  return facts_of(handle.get(), transfer);
}

}  // namespace posada::worker
