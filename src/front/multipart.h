// The multipart/form-data body of an upload, taken apart as it arrives: fields first, then one
// file, which is the last part. Pure; the caller moves the bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace posada::front {

// The boundary of `multipart/form-data; boundary=…`. Throws Refusal: another type, no boundary.
std::string multipart_boundary(std::string_view content_type);

class MultipartReader {
 public:
  explicit MultipartReader(std::string_view boundary);

  enum class Next {
    more,  // needs more bytes than there are
    file,  // the file part begins: `fields` and `file_name` are complete
    data,  // `data` holds bytes of the file
    end,   // the closing delimiter; what follows is of no interest
  };
  // Works on `input` from its start; `taken` says how many bytes are done with. `data` points into
  // `input`. Throws Refusal with the texts that clients know.
  Next read(std::string_view input, std::size_t& taken, std::string_view& data);

  json::object take_fields() { return std::move(fields_); }
  const std::string& file_name() const { return file_name_; }

 private:
  enum class State { preamble, after_delimiter, part_head, field, file, done };

  Next read_preamble(std::string_view input, std::size_t& taken);
  Next read_after_delimiter(std::string_view input, std::size_t& taken);
  Next read_part_head(std::string_view input, std::size_t& taken);
  void begin_part(std::string_view head);
  Next read_field(std::string_view input, std::size_t& taken);
  Next read_file(std::string_view input, std::size_t& taken, std::string_view& data);

  std::string delimiter_;  // CRLF "--" boundary
  State state_ = State::preamble;
  json::object fields_;
  std::size_t fields_bytes_ = 0;
  std::string field_name_;
  std::string file_name_;
  bool file_begun_ = false;
};

}  // namespace posada::front
