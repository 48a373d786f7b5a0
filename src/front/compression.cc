#include "front/compression.h"

#include <array>
#include <new>

#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "front/limits.h"

namespace posada::front {
namespace {

constexpr std::size_t max_bodies = 16;
constexpr std::size_t max_kept_bytes = 64 * 1024 * 1024;
constexpr std::size_t slice_bytes = 128 * 1024;  // about a millisecond of work

class Deflater {
 public:
  explicit Deflater(Encoding encoding) {
    // Window bits: + 16 asks zlib for a gzip head, plain 15 for its own ("deflate" in HTTP).
    int window = encoding == Encoding::gzip ? 15 + 16 : 15;
    if (deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  void add(std::string_view bytes) { run(bytes, Z_NO_FLUSH); }
  std::string finish() {
    run({}, Z_FINISH);
    return std::move(out_);
  }
  void reset() { deflateReset(&stream_); }

 private:
  void run(std::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      std::array<char, 32 * 1024> part;
      stream_.next_out = reinterpret_cast<Bytef*>(part.data());
      stream_.avail_out = part.size();
      deflate(&stream_, flush);
      out_.append(part.data(), part.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
  std::string out_;
};

bool never_changes(int memory) {
  constexpr int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
  int seals = ::fcntl(memory, F_GET_SEALS);
  return seals >= 0 && (seals & needed) == needed;
}

}  // namespace

std::string compress(Encoding encoding, std::string_view prefix, std::string_view bytes) {
  // The window's memory is kept from one answer to the next.
  thread_local Deflater gzip(Encoding::gzip);
  thread_local Deflater zlib(Encoding::deflate);
  Deflater& deflater = encoding == Encoding::gzip ? gzip : zlib;
  deflater.reset();
  if (!prefix.empty()) deflater.add(prefix);
  if (!bytes.empty()) deflater.add(bytes);
  return deflater.finish();
}

MemoryBody::MemoryBody(sys::Fd memory) : memory_(std::move(memory)) {
  struct stat status{};
  if (::fstat(memory_.get(), &status) < 0) sys::throw_errno("looking at a body");
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  if (never_changes(memory_.get())) {
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED | MAP_POPULATE, memory_.get(), 0);
    if (mapped == MAP_FAILED) sys::throw_errno("mapping a body");
    mapped_ = mapped;
    return;
  }
  copy_.resize(size_);
  std::size_t filled = 0;
  while (filled < size_) {
    ssize_t count =
        ::pread(memory_.get(), copy_.data() + filled, size_ - filled, static_cast<off_t>(filled));
    if (count < 0) sys::throw_errno("reading a body");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  copy_.resize(filled);
}

MemoryBody::~MemoryBody() {
  if (mapped_) ::munmap(mapped_, size_);
}

std::string_view MemoryBody::bytes() const {
  return mapped_ ? std::string_view(static_cast<const char*>(mapped_), size_)
                 : std::string_view(copy_);
}

std::shared_ptr<MemoryBody> MemoryBodies::open(sys::Fd memory) {
  struct stat status{};
  if (::fstat(memory.get(), &status) < 0) sys::throw_errno("looking at a body");
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->inode != status.st_ino || entry->device != status.st_dev) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    return entries_.front().body;
  }
  auto body = std::make_shared<MemoryBody>(std::move(memory));
  if (body->is_sealed() && body->bytes().size() <= max_gzip_bytes) {
    entries_.push_front({status.st_dev, status.st_ino, body});
    drop_oldest();
  }
  return body;
}

void MemoryBodies::drop_oldest() {
  std::size_t kept = 0;
  std::size_t count = 0;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    kept += entry->body->bytes().size();
    ++count;
    entry = count > max_bodies || kept > max_kept_bytes ? entries_.erase(entry) : std::next(entry);
  }
}

sys::Async<std::shared_ptr<const std::string>> MemoryBodies::compressed(
    std::shared_ptr<MemoryBody> body, Encoding encoding, std::string prefix, std::size_t skip) {
  if (body->bytes().size() > max_gzip_bytes) co_return nullptr;
  for (const auto& known : body->compressed_) {
    if (known.encoding == encoding && known.prefix == prefix) co_return known.bytes;
  }
  auto place = body->compressed_.insert(body->compressed_.end(), {encoding, prefix, nullptr});
  struct Unfinished {
    ~Unfinished() {
      if (!place->bytes) list.erase(place);
    }
    std::list<MemoryBody::Compressed>& list;
    std::list<MemoryBody::Compressed>::iterator place;
  } unfinished{body->compressed_, place};
  Deflater deflater(encoding);
  deflater.add(prefix);
  std::string_view rest = body->bytes().substr(std::min(skip, body->bytes().size()));
  while (!rest.empty()) {
    deflater.add(rest.substr(0, slice_bytes));
    rest.remove_prefix(std::min(slice_bytes, rest.size()));
    if (!rest.empty()) co_await sys::yield_to_loop();
  }
  place->bytes = std::make_shared<const std::string>(deflater.finish());
  co_return place->bytes;
}

}  // namespace posada::front
