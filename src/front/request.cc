#include "front/request.h"

#include <algorithm>

#include "base/text.h"
#include "front/refusal.h"

namespace posada::front {
namespace {

constexpr std::string_view cookie_name = "PVEAuthCookie";
constexpr std::string_view token_name = "PVEAPIToken";

std::string_view cookie_value(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    std::size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view item = trim(cookies.substr(0, end));
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    if (item.size() > name.size() && item.starts_with(name) && item[name.size()] == '=') {
      return trim(item.substr(name.size() + 1));
    }
  }
  return {};
}

// `NAME=value` or `NAME value`, as in the header Authorization.
std::string_view authorization_value(std::string_view header, std::string_view name) {
  header = trim(header);
  if (header.size() <= name.size() || !header.starts_with(name)) return {};
  if (header[name.size()] != '=' && header[name.size()] != ' ') return {};
  std::string_view value = header.substr(name.size() + 1);
  return trim(value.substr(0, value.find(';')));
}

// The weight of one coding in Accept-Encoding; nothing when it is not listed.
std::optional<double> weight(std::string_view accept_encoding, std::string_view coding) {
  for (const std::string& item : split(accept_encoding, ',')) {
    std::vector<std::string> parts = split(item, ';');
    if (lower(trim(parts[0])) != coding) continue;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      std::string parameter = lower(trim(parts[i]));
      if (parameter.starts_with("q=")) {
        return parameter.find_first_of("123456789") == std::string::npos ? 0.0 : 1.0;
      }
    }
    return 1.0;
  }
  return std::nullopt;
}

bool accepts(std::string_view accept_encoding, std::string_view coding) {
  return weight(accept_encoding, coding).value_or(0) > 0;
}

}  // namespace

Address split_target(std::string_view target) {
  for (std::string_view scheme : {"https://", "http://"}) {
    if (lower(target.substr(0, scheme.size())) == scheme) {
      target.remove_prefix(scheme.size());
      std::size_t slash = target.find_first_of("/?");
      target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
      if (target.front() == '?') return {"/", std::string(target.substr(1))};
      break;
    }
  }
  if (target.empty() || target.front() != '/' || target.find('#') != std::string_view::npos) {
    throw Refusal(400, "bad request: the address must be an absolute path").closing();
  }
  std::size_t question = target.find('?');
  Address address{decode_percent(target.substr(0, question)), {}};
  if (question != std::string_view::npos) address.query = target.substr(question + 1);
  if (!is_utf8(address.path)) throw Refusal(400, "bad request: the address is not valid UTF-8");
  return address;
}

bool is_api_path(std::string_view path) {
  // An address that ends in a slash and a path that begins with one make two of them.
  while (path.starts_with("//")) path.remove_prefix(1);
  return path == "/api2" || path.starts_with("/api2/");
}

ApiAddress api_address(std::string_view path) {
  std::vector<std::string> segments;
  for (std::string& segment : split(path, '/')) {
    if (!segment.empty()) segments.push_back(std::move(segment));
  }
  // segments[0] is "api2"
  if (segments.size() < 2) throw Refusal(501, "no such uri");
  if (segments[1] == "events" && segments.size() == 2) return {Format::json, {"events"}};
  std::string format = segments[1];
  bool is_name =
      format.size() > 1 && format[0] >= 'a' && format[0] <= 'z' &&
      format.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string::npos;
  if (!is_name) throw Refusal(501, "no such uri");
  segments.erase(segments.begin(), segments.begin() + 2);
  if (format == "json") return {Format::json, std::move(segments)};
  if (format == "extjs") return {Format::extjs, std::move(segments)};
  throw Refusal(501, "no formatter for uri /" + join(segments, "/") + ", format " + format);
}

bool is_upload(std::string_view method, const std::vector<std::string>& segments) {
  return method == "POST" && segments.size() == 5 && segments[0] == "nodes" &&
         segments[2] == "storage" && segments[4] == "upload";
}

Identification identification(const RequestHead& head) {
  Identification found;
  for (const auto& [name, value] : head.fields) {
    if (name != "cookie") continue;
    std::string_view ticket = cookie_value(value, cookie_name);
    if (ticket.empty()) continue;
    found.credential.ticket = decode_percent(ticket);
    found.from_cookie = true;
    break;
  }
  std::string_view authorization = head.field("authorization");
  if (found.credential.ticket.empty()) {
    found.credential.ticket = decode_percent(authorization_value(authorization, cookie_name));
  }
  if (found.credential.ticket.empty()) {
    found.credential.api_token = decode_percent(authorization_value(authorization, token_name));
  }
  found.credential.csrf = head.field("csrfpreventiontoken");
  return found;
}

bool same_origin(const RequestHead& head) {
  std::string origin = lower(trim(head.field("origin")));
  if (origin.empty()) return true;
  std::size_t scheme = origin.find("://");
  if (scheme == std::string::npos) return false;  // "null" among others
  std::string_view authority = std::string_view(origin).substr(scheme + 3);
  // A proxy in front of us may put its own name into Host; the browser cannot set either.
  std::string forwarded = lower(trim(head.field("x-forwarded-host")));
  if (authority.empty()) return false;
  return authority == lower(trim(head.field("host"))) || authority == forwarded;
}

std::string first_language(std::string_view accept_language) {
  std::size_t end = accept_language.find_first_of(",;-_ ");
  std::string tag = lower(trim(accept_language.substr(0, end)));
  bool is_tag = tag.size() >= 2 && tag.size() <= 8 &&
                std::all_of(tag.begin(), tag.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return is_tag ? tag : std::string();
}

Encoding best_encoding(std::string_view accept_encoding) {
  if (accept_encoding.empty()) return Encoding::identity;
  if (accepts(accept_encoding, "gzip") || accepts(accept_encoding, "x-gzip")) {
    return Encoding::gzip;
  }
  if (accepts(accept_encoding, "deflate")) return Encoding::deflate;
  bool anything = accepts(accept_encoding, "*") && !weight(accept_encoding, "gzip");
  return anything ? Encoding::gzip : Encoding::identity;
}

std::string_view coding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::gzip:
      return "gzip";
    case Encoding::deflate:
      return "deflate";
    case Encoding::brotli:
      return "br";
    case Encoding::identity:
      break;
  }
  return "identity";
}

bool accepts_brotli(std::string_view accept_encoding) {
  return accepts(accept_encoding, "br");
}

}  // namespace posada::front
