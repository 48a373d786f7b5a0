#include "front/page.h"

#include <algorithm>
#include <array>

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "front/limits.h"
#include "front/refusal.h"
#include "front/reply.h"
#include "sys/file.h"
#include "sys/log.h"

namespace posada::front {
namespace {

constexpr std::size_t max_file_bytes = 16 * 1024 * 1024;
constexpr std::size_t max_kept_bytes = 64 * 1024 * 1024;
constexpr std::string_view content_policy =
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

struct MediaType {
  std::string_view extension;
  std::string_view type;
  bool compressible;
};
constexpr std::array<MediaType, 17> media_types{{
    {"html", "text/html; charset=utf-8", true},
    {"js", "text/javascript; charset=utf-8", true},
    {"mjs", "text/javascript; charset=utf-8", true},
    {"css", "text/css; charset=utf-8", true},
    {"json", "application/json", true},
    {"map", "application/json", true},
    {"svg", "image/svg+xml", true},
    {"txt", "text/plain; charset=utf-8", true},
    {"webmanifest", "application/manifest+json", true},
    {"wasm", "application/wasm", true},
    {"ico", "image/x-icon", false},
    {"png", "image/png", false},
    {"jpg", "image/jpeg", false},
    {"webp", "image/webp", false},
    {"woff2", "font/woff2", false},
    {"woff", "font/woff", false},
    {"oga", "audio/ogg", false},
}};

std::string_view extension_of(std::string_view name) {
  std::string_view last = name.substr(name.rfind('/') + 1);
  std::size_t dot = last.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : last.substr(dot + 1);
}

MediaType media_type_of(std::string_view name) {
  std::string extension = lower(extension_of(name));
  for (const MediaType& known : media_types) {
    if (known.extension == extension) return known;
  }
  return {"", "application/octet-stream", false};
}

// The name below the folder; nothing for names that no file of a page has.
std::optional<std::string> file_name(const std::string& path) {
  std::vector<std::string> segments;
  for (std::string& segment : split(path, '/')) {
    if (segment.empty()) continue;
    if (segment[0] == '.' || segment.find('\0') != std::string::npos) return std::nullopt;
    segments.push_back(std::move(segment));
  }
  return segments.empty() ? std::string("index.html") : join(segments, "/");
}

std::optional<std::string> read_whole(int file, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    ssize_t count = ::pread(file, bytes.data() + filled, size - filled, static_cast<off_t>(filled));
    if (count <= 0) return std::nullopt;
    filled += static_cast<std::size_t>(count);
  }
  return bytes;
}

void add_page_headers(Reply& reply, bool strict_transport) {
  reply.headers.emplace_back("Content-Security-Policy", std::string(content_policy));
  reply.headers.emplace_back("Referrer-Policy", "no-referrer");
  reply.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  reply.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (strict_transport) {
    reply.headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
  }
}

}  // namespace

PageFiles::PageFiles(sys::Fd folder, std::string openapi_path, bool strict_transport)
    : folder_(std::move(folder)),
      openapi_path_(std::move(openapi_path)),
      strict_transport_(strict_transport) {
  reload();
}

void PageFiles::reload() {
  if (openapi_path_.empty()) return;
  try {
    openapi_ = std::make_shared<const std::string>(sys::read_file(openapi_path_));
    openapi_gzip_ = nullptr;
  } catch (const Error& error) {
    sys::log_warning("page event=no_openapi error=\"{}\"", error.what());
  }
}

PageFiles::Content* PageFiles::load(const std::string& name) {
  if (!folder_) return nullptr;
  sys::Fd file;
  try {
    file = sys::open_beneath(folder_, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } catch (const Error&) {
    return nullptr;  // absent, or a name that leads elsewhere: there is no such page either way
  }
  struct stat status{};
  if (::fstat(file.get(), &status) < 0 || !S_ISREG(status.st_mode)) return nullptr;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_file_bytes) return nullptr;
  const std::int64_t changed = status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec;
  Content& content = contents_[name];
  if (content.bytes && content.inode == status.st_ino && content.changed_ns == changed &&
      content.bytes->size() == size) {
    return &content;
  }
  std::optional<std::string> bytes = read_whole(file.get(), size);
  if (!bytes) {
    contents_.erase(name);
    return nullptr;
  }
  if ((kept_bytes_ += size) > max_kept_bytes) {
    contents_.clear();
    kept_bytes_ = size;
  }
  Content& fresh = contents_[name];
  fresh = {status.st_ino, changed, std::make_shared<const std::string>(std::move(*bytes)), nullptr};
  return &fresh;
}

std::optional<PageFiles::Found> PageFiles::find(const std::string& path,
                                                std::string_view accept_encoding) {
  std::optional<std::string> name = file_name(path);
  if (!name) return std::nullopt;
  Content* content = load(*name);
  if (!content && extension_of(*name).empty()) {
    name = "index.html";
    content = load(*name);
  }
  if (!content) return std::nullopt;
  if (!media_type_of(*name).compressible) return Found{*name, Encoding::identity, content};
  // Loading another file may drop the first from the cache, so the name is loaded again.
  if (accepts_brotli(accept_encoding)) {
    if (Content* small = load(*name + ".br")) return Found{*name, Encoding::brotli, small};
  }
  if (best_encoding(accept_encoding) == Encoding::gzip) {
    if (Content* small = load(*name + ".gz")) return Found{*name, Encoding::gzip, small};
  }
  return Found{*name, Encoding::identity, load(*name)};
}

sys::Async<void> PageFiles::serve(Call& call) {
  std::string_view accept = call.head.field("accept-encoding");
  std::optional<Found> found = find(call.path, accept);
  if (!found || !found->content) throw Refusal(404, "no such file '" + call.path + "'");
  Content& content = *found->content;
  MediaType type = media_type_of(found->name);
  Reply reply;
  reply.content_type = type.type;
  add_page_headers(reply, strict_transport_);
  // The build puts a digest of the content into the names below assets/.
  const bool immutable = found->name.starts_with("assets/");
  reply.headers.emplace_back("Cache-Control",
                             immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (type.compressible) reply.headers.emplace_back("Vary", "Accept-Encoding");

  std::shared_ptr<const std::string> bytes = content.bytes;
  if (found->encoding == Encoding::identity && type.compressible &&
      bytes->size() > gzip_threshold && best_encoding(accept) == Encoding::gzip) {
    if (!content.gzip) {
      content.gzip =
          std::make_shared<const std::string>(compress(Encoding::gzip, {}, *content.bytes));
    }
    bytes = content.gzip;
    found->encoding = Encoding::gzip;
  }
  std::string tag = "\"" + std::to_string(content.changed_ns) + "-" +
                    std::to_string(content.inode) + "-" +
                    std::string(coding_name(found->encoding)) + "\"";
  reply.headers.emplace_back("ETag", tag);
  if (call.head.field("if-none-match") == tag) {
    reply.status = 304;
    reply.reason = "Not Modified";
    co_return co_await send_whole(call, std::move(reply), {}, {});
  }
  co_await send_whole(call, std::move(reply), {}, *bytes, found->encoding);
}

sys::Async<void> PageFiles::serve_openapi(Call& call) {
  if (!openapi_) throw Refusal(404, "no such file '" + call.path + "'");
  std::shared_ptr<const std::string> bytes = openapi_;
  Reply reply;
  reply.content_type = "application/json";
  Encoding encoding = best_encoding(call.head.field("accept-encoding"));
  if (encoding == Encoding::gzip) {
    if (!openapi_gzip_) {
      openapi_gzip_ = std::make_shared<const std::string>(compress(encoding, {}, *openapi_));
    }
    bytes = openapi_gzip_;
  } else {
    encoding = Encoding::identity;
  }
  co_await send_whole(call, std::move(reply), {}, *bytes, encoding);
}

}  // namespace posada::front
