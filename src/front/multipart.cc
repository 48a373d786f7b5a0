#include "front/multipart.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "front/forms.h"
#include "front/limits.h"
#include "front/refusal.h"

namespace posada::front {
namespace {

constexpr std::size_t max_boundary_bytes = 200;

Refusal broken(const std::string& why) {
  return Refusal(500, "upload failed: " + why).closing();
}

struct Attribute {
  std::string name;
  std::string value;
};

// `word; name="a;b"; other=c` → the attributes after the word. A backslash only protects a quote,
// since browsers send others (of a path) as they are.
std::vector<Attribute> attributes(std::string_view text) {
  std::vector<Attribute> found;
  std::size_t at = text.find(';');
  while (at < text.size()) {
    ++at;
    std::size_t equals = text.find_first_of("=;", at);
    if (equals == std::string_view::npos) break;
    if (text[equals] == ';') {
      at = equals;
      continue;
    }
    Attribute attribute{lower(trim(text.substr(at, equals - at))), {}};
    at = text.find_first_not_of(" \t", equals + 1);
    if (at != std::string_view::npos && text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '"') ++at;
        attribute.value += text[at];
      }
      at = text.find(';', at);
    } else if (at != std::string_view::npos) {
      std::size_t end = std::min(text.find(';', at), text.size());
      attribute.value = trim(text.substr(at, end - at));
      at = end;
    }
    found.push_back(std::move(attribute));
  }
  return found;
}

// RFC 5987: utf-8''na%C3%AFve
std::string extended_value(const std::string& value) {
  std::size_t quote = value.find('\'');
  quote = quote == std::string::npos ? quote : value.find('\'', quote + 1);
  return quote == std::string::npos ? value : decode_percent(value.substr(quote + 1));
}

std::string_view part_field(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    std::size_t end = std::min(head.find("\r\n"), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && lower(trim(line.substr(0, colon))) == name) {
      return trim(line.substr(colon + 1));
    }
  }
  return {};
}

}  // namespace

std::string multipart_boundary(std::string_view content_type) {
  if (media_type(content_type) == "multipart/form-data") {
    for (const Attribute& attribute : attributes(content_type)) {
      if (attribute.name != "boundary" || attribute.value.empty()) continue;
      if (attribute.value.size() <= max_boundary_bytes) return attribute.value;
    }
  }
  throw Refusal(506, "upload 'Content-Type '" + std::string(content_type) + "' not implemented")
      .closing();
}

MultipartReader::MultipartReader(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)) {}

MultipartReader::Next MultipartReader::read(std::string_view input, std::size_t& taken,
                                            std::string_view& data) {
  taken = 0;
  data = {};
  for (;;) {
    std::size_t step = 0;
    State before = state_;
    Next next = Next::more;
    std::string_view rest = input.substr(taken);
    switch (state_) {
      case State::preamble:
        next = read_preamble(rest, step);
        break;
      case State::after_delimiter:
        next = read_after_delimiter(rest, step);
        break;
      case State::part_head:
        next = read_part_head(rest, step);
        break;
      case State::field:
        next = read_field(rest, step);
        break;
      case State::file:
        next = read_file(rest, step, data);
        break;
      case State::done:
        next = Next::end;
        break;
    }
    taken += step;
    if (next != Next::more || (step == 0 && state_ == before)) return next;
  }
}

MultipartReader::Next MultipartReader::read_preamble(std::string_view input, std::size_t& taken) {
  std::string_view dashes = std::string_view(delimiter_).substr(2);
  std::size_t at = input.find(dashes);
  if (at == std::string_view::npos) {
    if (input.size() > max_part_head_bytes)
      throw broken("the body does not begin with its boundary");
    return Next::more;
  }
  taken = at + dashes.size();
  state_ = State::after_delimiter;
  return Next::more;
}

MultipartReader::Next MultipartReader::read_after_delimiter(std::string_view input,
                                                            std::size_t& taken) {
  if (input.size() < 2) return Next::more;
  if (input.starts_with("--")) {
    if (!file_begun_) throw broken("there is no file in it");
    taken = 2;
    state_ = State::done;
    return Next::end;
  }
  std::size_t end = input.find("\r\n");
  std::string_view padding = input.substr(0, end);
  if (padding.size() > 256 || !trim(padding).empty()) throw broken("a delimiter is malformed");
  if (end == std::string_view::npos) return Next::more;
  if (file_begun_) throw broken("the file must be the last part");
  // The line end stays: a part without headers has nothing but it before the empty line.
  taken = end;
  state_ = State::part_head;
  return Next::more;
}

MultipartReader::Next MultipartReader::read_part_head(std::string_view input, std::size_t& taken) {
  std::size_t end = input.find("\r\n\r\n");
  if (std::min(end, input.size()) > max_part_head_bytes) throw broken("a part's head is too long");
  if (end == std::string_view::npos) return Next::more;
  taken = end + 4;
  begin_part(input.substr(2, end < 2 ? 0 : end - 2));
  return state_ == State::file ? Next::file : Next::more;
}

void MultipartReader::begin_part(std::string_view head) {
  std::string_view disposition = part_field(head, "content-disposition");
  std::string kind = lower(trim(disposition.substr(0, disposition.find(';'))));
  if (kind != "form-data") {
    throw Refusal(500,
                  "wrong Content-Disposition '" + kind + "' in multipart, expected 'form-data'")
        .closing();
  }
  std::string name;
  std::optional<std::string> file_name;
  for (const Attribute& attribute : attributes(disposition)) {
    if (attribute.name == "name") name = attribute.value;
    if (attribute.name == "filename") file_name = attribute.value;
    if (attribute.name == "filename*" && !file_name) file_name = extended_value(attribute.value);
  }
  if (!is_utf8(name) || !is_utf8(file_name.value_or(""))) {
    throw broken("a name in it is not valid UTF-8");
  }
  if (file_name) {
    if (name != "filename") {
      throw Refusal(500, "wrong field name '" + name + "' for file upload, expected 'filename'")
          .closing();
    }
    file_name_ = *file_name;
    file_begun_ = true;
    state_ = State::file;
    return;
  }
  field_name_ = name;
  state_ = State::field;
}

MultipartReader::Next MultipartReader::read_field(std::string_view input, std::size_t& taken) {
  // An empty value may have its delimiter right after the head's empty line.
  std::size_t end = input.find(delimiter_);
  std::size_t size = std::min(end, input.size());
  if (fields_bytes_ + size > max_upload_fields_bytes) throw broken("its fields are too large");
  if (end == std::string_view::npos) return Next::more;
  std::string value(input.substr(0, end));
  if (!is_utf8(value)) {
    throw Refusal::parameters({{field_name_, "invalid format - value is not valid UTF-8\n"}})
        .closing();
  }
  fields_bytes_ += size + field_name_.size();
  fields_[field_name_] = std::move(value);
  if (fields_.size() > max_parameters) throw broken("too many fields");
  taken = end + delimiter_.size();
  state_ = State::after_delimiter;
  return Next::more;
}

MultipartReader::Next MultipartReader::read_file(std::string_view input, std::size_t& taken,
                                                 std::string_view& data) {
  std::size_t end = input.find(delimiter_);
  if (end == 0) {
    taken = delimiter_.size();
    state_ = State::after_delimiter;
    return Next::more;
  }
  if (end == std::string_view::npos) {
    // What may be the start of the delimiter waits for the bytes after it.
    end = input.size() - std::min(input.size(), delimiter_.size() - 1);
    while (end < input.size() && !delimiter_.starts_with(input.substr(end))) ++end;
    if (end == 0) return Next::more;
  }
  data = input.substr(0, end);
  taken = end;
  return Next::data;
}

}  // namespace posada::front
