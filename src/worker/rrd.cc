#include "worker/rrd.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/folder.h"
#include "sys/host.h"
#include "worker/rrd_file.h"

namespace posada::worker {

namespace {

constexpr int socket_descriptor = 3;
constexpr std::uint32_t frame_limit = 64U * 1024 * 1024;

struct Layout {
  unsigned long step = 60;
  std::vector<std::string> definitions;
};

class RrdServer {
 public:
  explicit RrdServer(const std::string& path) : path_(path + "/"), folder_(path) {}

  json::object answer(const json::object& request) {
    const std::string work = text(request, "do");
    if (work == "layout") return set_layout(request);
    if (work == "update") return update(request);
    if (work == "fetch") return fetch(request);
    if (work == "remove") return remove(request);
    if (work == "rename") return rename(request);
    throw Error::failed("history.request", "unknown request '" + work + "'");
  }

 private:
  static std::string text(const json::object& request, std::string_view name) {
    return text_member(request, name).value_or("");
  }
  static std::int64_t integer(const json::object& request, std::string_view name) {
    return integer_member(request, name).value_or(0);
  }

  // Below our folder; what librrd gets is this after path_.
  std::string file_of(const json::object& request, std::string_view member) const {
    const std::string kind = text(request, "kind");
    const std::string name = text(request, member);
    for (const std::string& segment : {kind, name}) {
      if (segment.empty() || segment.front() == '.' || segment.find('/') != std::string::npos) {
        throw Error::failed("history.request", "'" + segment + "' is no name of a history file");
      }
    }
    return kind + "/" + name + ".rrd";
  }

  json::object set_layout(const json::object& request) {
    Layout layout;
    layout.step = static_cast<unsigned long>(integer(request, "step"));
    for (const char* part : {"sources", "archives"}) {
      for (const json::value& value : request.at(part).as_array()) {
        layout.definitions.push_back(text_of(value));
      }
    }
    const std::string kind = text(request, "kind");
    folder_.make_folders(kind, 0750);
    layouts_[kind] = std::move(layout);
    return {};
  }

  json::object update(const json::object& request) {
    json::array failed;
    for (const json::value& value : request.at("items").as_array()) {
      const json::object& item = value.as_object();
      try {
        update_one(item);
      } catch (const Error& error) {
        failed.push_back(json::object{
            {"kind", text(item, "kind")}, {"name", text(item, "name")}, {"error", error.wire()}});
      }
    }
    return {{"failed", std::move(failed)}};
  }

  void update_one(const json::object& item) {
    const std::string file = file_of(item, "name");
    std::vector<std::pair<std::time_t, std::string>> samples;
    for (const json::value& value : item.at("samples").as_array()) {
      const json::array& pair = value.as_array();
      const std::time_t time = pair.at(0).to_number<std::time_t>();
      samples.emplace_back(time, std::to_string(time) + ":" + text_of(pair.at(1)));
    }
    if (samples.empty()) return;
    const std::time_t last = prepare(file, text(item, "kind"), samples.front().first);
    std::vector<std::string> newer;
    for (auto& [time, sample] : samples) {
      // After a restart the same samples may come again; librrd refuses what is not newer.
      if (time > last) newer.push_back(std::move(sample));
    }
    if (!newer.empty()) files_.update(path_ + file, newer);
  }

  // Makes the file when it is missing or no round-robin file. Gives the time of its last update.
  std::time_t prepare(const std::string& file, const std::string& kind, std::time_t first) {
    if (folder_.status(file)) {
      try {
        return files_.last_update(path_ + file);
      } catch (const Error& error) {
        std::fprintf(stderr, "history file %s is set aside: %s\n", file.c_str(),
                     error.wire().c_str());
        folder_.rename(file, file + ".damaged", true);
      }
    }
    const auto layout = layouts_.find(kind);
    if (layout == layouts_.end()) {
      throw Error::failed("history.request", "kind '" + kind + "' has no layout");
    }
    // Made under another name, so that a crash leaves no file by half.
    const std::string fresh = file + ".new";
    files_.create(path_ + fresh, layout->second.step, first - 1, layout->second.definitions);
    folder_.rename(fresh, file, true);
    return first - 1;
  }

  json::object fetch(const json::object& request) {
    const std::string file = file_of(request, "name");
    if (!folder_.status(file)) return {{"rows", json::array()}};
    const RrdFiles::Rows rows =
        files_.fetch(path_ + file, text(request, "cf"), integer(request, "start"),
                     integer(request, "end"), static_cast<unsigned long>(integer(request, "step")));
    json::array table;
    const std::size_t columns = rows.names.size();
    for (std::size_t at = 0; columns > 0 && at + columns <= rows.values.size(); at += columns) {
      json::array row;
      for (std::size_t column = 0; column < columns; ++column) {
        const double value = rows.values[at + column];
        row.push_back(std::isfinite(value) ? json::value(value) : json::value(nullptr));
      }
      table.push_back(std::move(row));
    }
    return {{"step", rows.step},
            {"start", rows.start},
            {"names", json::value_from(rows.names)},
            {"rows", std::move(table)}};
  }

  json::object remove(const json::object& request) {
    folder_.remove(file_of(request, "name"));
    return {};
  }

  json::object rename(const json::object& request) {
    const std::string from = file_of(request, "name");
    const std::string to = file_of(request, "to");
    if (folder_.status(from)) folder_.rename(from, to, true);
    return {};
  }

  std::string path_;
  sys::Folder folder_;
  std::map<std::string, Layout> layouts_;
  RrdFiles files_;
};

// False at the end of the stream.
bool read_exactly(const sys::Fd& socket, char* into, std::size_t count) {
  while (count > 0) {
    const std::size_t got = sys::read_some(socket, into, count);
    if (got == 0) return false;
    into += got;
    count -= got;
  }
  return true;
}

bool read_frame(const sys::Fd& socket, std::string& frame) {
  std::uint32_t length = 0;
  if (!read_exactly(socket, reinterpret_cast<char*>(&length), sizeof length)) return false;
  if (length > frame_limit) return false;
  frame.resize(length);
  return read_exactly(socket, frame.data(), length);
}

void write_frame(const sys::Fd& socket, const json::object& message) {
  const std::string bytes = json::serialize(message);
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::string frame(reinterpret_cast<const char*>(&length), sizeof length);
  sys::write_all(socket, frame + bytes);
}

json::object handle(RrdServer& server, const std::string& frame) {
  json::object answer;
  json::value id;
  try {
    const json::value request = json::parse(frame);
    if (const json::value* given = request.as_object().if_contains("id")) id = *given;
    answer = server.answer(request.as_object());
  } catch (const std::exception& error) {
    answer = {{"error", error.what()}};
  }
  answer["id"] = id;
  return answer;
}

}  // namespace

int run_rrd(int argc, char** argv) {
  if (argc != 4 || std::strcmp(argv[2], "--folder") != 0) {
    std::fprintf(stderr, "usage: posada-worker rrd --folder DIR\n");
    return 2;
  }
  sys::ignore_broken_pipes();
  try {
    const sys::Fd socket(socket_descriptor);
    sys::make_directories(argv[3], 0750);
    RrdServer server(argv[3]);
    std::string frame;
    while (read_frame(socket, frame)) write_frame(socket, handle(server, frame));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "posada-worker rrd: %s\n", error.what());
    return 1;
  }
}

}  // namespace posada::worker
