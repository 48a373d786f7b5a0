// Unpacks a container template into the root folder of a new container, as the container's own
// root: in its user namespace and rooted in that folder, so that neither a link nor an absolute
// path nor a device in the archive reaches the host.
//
// Parameters: archive (path), target (folder, or an image with an ext4 file system), image,
// id_first and id_count of the user namespace (count 0: privileged), password and ssh_keys (may
// be empty), setup (rootfs/setup.h) and today (days since 1970). Result: the template's
// distribution.
#include <cerrno>
#include <clocale>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "base/error.h"
#include "rootfs/setup.h"
#include "sys/file.h"
#include "sys/password.h"
#include "sys/folder.h"
#include "sys/mount.h"
#include "sys/namespaces.h"
#include "worker/works.h"

namespace posada::worker {
namespace {

constexpr const char* mount_root = "/run/posada-lxc";  // lxc/order.h
constexpr std::size_t block_bytes = 256 * 1024;
constexpr int most_warnings = 20;
// An archive may unpack to far more than it weighs: some room stays for everybody else on the
// storage, and names are counted too, because they cost room that no size shows.
constexpr std::uint64_t room_left = 256ULL << 20;
constexpr std::uint64_t look_after = 32ULL << 20;
constexpr std::uint64_t most_entries = 10'000'000;

struct Archive {
  archive* reader = archive_read_new();
  archive* writer = archive_write_disk_new();
  ~Archive() {
    archive_read_free(reader);
    archive_write_free(writer);
  }
  Archive() = default;
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;
};

// What the process inside says to the one outside.
struct Report {
  json::array warnings;
  std::string error;
  int left_out = 0;

  void warn(std::string text) {
    if (static_cast<int>(warnings.size()) < most_warnings) warnings.push_back(json::string(text));
  }
};

[[noreturn]] void fail(archive* where, std::string_view what) {
  const char* reason = archive_error_string(where);
  std::string text = fmt::format("{}: {}", what, reason ? reason : "unknown");
  // "Can't create 'bin/login'" alone does not say that the volume is full.
  if (archive_errno(where) == ENOSPC && text.find("No space") == std::string::npos)
    text += ": No space left on device";
  throw Error::failed("template.damaged", std::move(text));
}

class Room {
 public:
  // An image is full by itself, without harm to others.
  explicit Room(bool shared) : shared_(shared) {}

  void add_entry() {
    if (++entries_ > most_entries)
      throw Error::failed("template.bomb", "the archive holds more than 10 million files");
  }
  void add(std::uint64_t bytes) {
    unlooked_ += bytes;
    if (!shared_ || unlooked_ < look_after) return;
    unlooked_ = 0;
    if (sys::space_of(sys::open_directory("/")).available < room_left)
      throw Error::failed("template.space", "No space left on device");
  }

 private:
  bool shared_;
  std::uint64_t entries_ = 0, unlooked_ = look_after;
};

void copy_data(Archive& tape, Room& room) {
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    const int status = archive_read_data_block(tape.reader, &block, &size, &offset);
    if (status == ARCHIVE_EOF) return;
    if (status < ARCHIVE_WARN) fail(tape.reader, "unable to read the archive");
    room.add(size);
    if (archive_write_data_block(tape.writer, block, size, offset) < ARCHIVE_WARN)
      fail(tape.writer, "unable to write");
  }
}

void extract(const sys::Fd& file, bool shared, Report& report) {
  Archive tape;
  Room room(shared);
  archive_read_support_filter_all(tape.reader);
  archive_read_support_format_tar(tape.reader);
  archive_write_disk_set_options(
      tape.writer, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                       ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR |
                       ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                       ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS);
  if (archive_read_open_fd(tape.reader, file.get(), block_bytes) != ARCHIVE_OK)
    fail(tape.reader, "this is no tar archive");
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(tape.reader, &entry);
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) fail(tape.reader, "unable to read the archive");
    room.add_entry();
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFBLK || type == AE_IFCHR) {
      ++report.left_out;  // /dev is made at each start
      continue;
    }
    if (archive_write_header(tape.writer, entry) < ARCHIVE_WARN)
      fail(tape.writer, fmt::format("unable to unpack '{}'", archive_entry_pathname(entry)));
    if (archive_entry_size(entry) > 0) copy_data(tape, room);
    if (archive_write_finish_entry(tape.writer) < ARCHIVE_WARN)
      fail(tape.writer, fmt::format("unable to unpack '{}'", archive_entry_pathname(entry)));
  }
  if (archive_write_close(tape.writer) < ARCHIVE_WARN) fail(tape.writer, "unable to unpack");
}

int work_inside(const Job& job, const sys::Fd& archive, const std::string& hash,
                const sys::Fd& answer) {
  Report report;
  rootfs::System found;
  try {
    extract(archive, !job.parameters().at("image").as_bool(), report);
    const rootfs::Files files("");
    found = rootfs::detect(files);
    rootfs::prepare_new(files, rootfs::setup_from(job.parameters().at("setup").as_object()),
                        {hash, text_member(job.parameters(), "ssh_keys").value_or(""),
                         integer_member(job.parameters(), "today").value_or(0)},
                        rootfs::real_chance());
  } catch (const Error& error) {
    report.error = error.what();
  }
  const json::object result{{"warnings", report.warnings},
                            {"error", report.error},
                            {"left_out", report.left_out},
                            {"distribution", found.distribution}};
  sys::write_all(answer, json::serialize(result));
  return 0;
}

}  // namespace

json::object unpack(Job& job) {
  // Names in archives are UTF-8; without a locale that says so libarchive refuses them.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const json::object& order = job.parameters();
  sys::IdRange ids;
  ids.first = static_cast<unsigned>(integer_member(order, "id_first").value_or(0));
  ids.count = static_cast<unsigned>(integer_member(order, "id_count").value_or(0));
  const std::string source = parameter(job, "archive");
  const std::string file_name = source.substr(source.rfind('/') + 1);
  const sys::Folder folder(source.substr(0, source.rfind('/')));
  const sys::Fd archive = folder.open(file_name, false);

  const std::string root = std::string(mount_root) + "/rootfs";
  const std::string target = parameter(job, "target");
  sys::enter_private_mounts();
  sys::mount_memory(mount_root, 0755);
  sys::make_directories(root);
  if (order.at("image").as_bool())
    sys::mount_image(target, "ext4", root, {});
  else
    sys::mount_folder(target, root, {});
  sys::give_to(root, ids.first);

  std::string hash;
  if (const std::string password = text_member(order, "password").value_or(""); !password.empty())
    hash = sys::shadow_hash(password);
  const sys::Fd answer = sys::anonymous_file("unpack");
  job.check_cancelled();
  job.log("extracting archive '" + source + "'");
  sys::run_inside(ids, root, [&] { return work_inside(job, archive, hash, answer); });
  const std::string text = sys::read_at(answer, 1024 * 1024, 0);
  if (text.empty()) throw Error::failed("template.unpack", "the unpacking ended unexpectedly");
  json::object result = json::parse(text).as_object();
  for (const json::value& warning : result.at("warnings").as_array()) job.warn(text_of(warning));
  if (const std::string error = text_of(result.at("error")); !error.empty())
    throw Error::failed("template.unpack", "unable to unpack the template: " + error);
  if (const auto left_out = integer_member(result, "left_out").value_or(0); left_out > 0)
    job.log(fmt::format("{} device files left out", left_out));
  return result;
}

}  // namespace posada::worker
