// From a parsed HTTP head to what the daemon is asked: the address, the credential, and whether a
// browser on a foreign page may be behind it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/frames.h"
#include "front/http_request.h"

namespace posada::front {

struct Address {
  std::string path;   // %-decoded once
  std::string query;  // as it came
};

// Accepts "/path?query" and, as proxies send it, "https://host/path?query". Throws Refusal (400).
Address split_target(std::string_view target);

enum class Format { json, extjs };

struct ApiAddress {
  Format format = Format::json;
  std::vector<std::string> segments;
};

bool is_api_path(std::string_view path);
// Throws Refusal 501 `no such uri` or `no formatter for uri …`. `/api2/events` is the event
// stream; it stands where a format would and reaches the daemon as the path ["events"].
ApiAddress api_address(std::string_view path);

// Whether this is POST /nodes/{node}/storage/{storage}/upload.
bool is_upload(std::string_view method, const std::vector<std::string>& segments);

struct Identification {
  Credential credential;
  bool from_cookie = false;  // a browser may have added it without the user's doing
};
// The cookie wins over the header `Authorization: PVEAuthCookie=…`, and a ticket over a token.
Identification identification(const RequestHead& head);

// Whether the page that the browser says it comes from is this server's own. True without the
// header Origin: programs other than browsers send none.
bool same_origin(const RequestHead& head);

// Primary language tag of Accept-Language ("ca" for "ca-ES,es;q=0.8"); empty when there is none.
std::string first_language(std::string_view accept_language);

// brotli only ever comes from files that were compressed when the page was built.
enum class Encoding { identity, gzip, deflate, brotli };
std::string_view coding_name(Encoding encoding);
Encoding best_encoding(std::string_view accept_encoding);
bool accepts_brotli(std::string_view accept_encoding);

}  // namespace posada::front
