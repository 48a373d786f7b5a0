// The web page's files, and the OpenAPI description. Files are looked up below one folder that was
// opened before privileges were dropped; no name can lead out of it. Contents are kept in memory
// while the file is the same one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "front/call.h"
#include "sys/async.h"
#include "sys/fd.h"

namespace posada::front {

class PageFiles {
 public:
  // `folder` may be closed: then there is no page. `openapi_path` may be empty.
  PageFiles(sys::Fd folder, std::string openapi_path, bool strict_transport);

  // Serves GET and HEAD of a page's path: the file, or index.html where the path has no extension,
  // since the page's own addresses are such. Throws Refusal 404.
  sys::Async<void> serve(Call& call);
  sys::Async<void> serve_openapi(Call& call);
  // Reads the OpenAPI file again.
  void reload();
  void set_strict_transport(bool strict) { strict_transport_ = strict; }

 private:
  struct Content {
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;
    std::shared_ptr<const std::string> bytes;
    std::shared_ptr<const std::string> gzip;  // made here, when there is no file of it
  };
  struct Found {
    std::string name;                        // of the file that answers the path
    Encoding encoding = Encoding::identity;  // of a precompressed neighbour
    Content* content = nullptr;
  };
  std::optional<Found> find(const std::string& path, std::string_view accept_encoding);
  Content* load(const std::string& name);

  sys::Fd folder_;
  std::string openapi_path_;
  bool strict_transport_;
  std::map<std::string, Content> contents_;
  std::size_t kept_bytes_ = 0;
  std::shared_ptr<const std::string> openapi_;
  std::shared_ptr<const std::string> openapi_gzip_;
};

}  // namespace posada::front
