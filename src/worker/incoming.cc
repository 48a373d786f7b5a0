#include "worker/incoming.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "image/foreign.h"
#include "sys/file.h"

namespace posada::worker {

// A digest of an algorithm that the user chose; absent when none was.
struct IncomingFile::Digest {
  explicit Digest(const std::string& name) : context(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    algorithm = EVP_get_digestbyname(name.c_str());
    if (!algorithm || EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1)
      throw Error::parameter("checksum-algorithm", "unknown checksum algorithm '" + name + "'");
  }
  void add(std::string_view bytes) {
    if (EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1)
      throw Error::failed("worker.checksum", "cannot compute the checksum");
  }
  std::string finish() {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size) != 1)
      throw Error::failed("worker.checksum", "cannot compute the checksum");
    out.resize(size);
    return hex(out);
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context;
  const EVP_MD* algorithm = nullptr;
};

IncomingFile::IncomingFile(const Job& job)
    : root_(parameter(job, "root")),
      folder_(parameter(job, "folder")),
      name_(parameter(job, "file")),
      format_(text_member(job.parameters(), "format").value_or("")),
      checksum_(lower(text_member(job.parameters(), "checksum").value_or(""))) {
  const std::string algorithm = text_member(job.parameters(), "checksum-algorithm").value_or("");
  if (!algorithm.empty() && !checksum_.empty()) digest_ = std::make_unique<Digest>(algorithm);
  root_.make_folders(folder_, 0755);
  if (auto unnamed = root_.create_unnamed(folder_, 0644)) {
    file_ = std::move(*unnamed);
  } else {
    temporary_ = folder_ + "/.posada-" + hex(sys::random_bytes(8));
    file_ = root_.create(temporary_, 0644);
  }
  // What is called .posada-* and not locked has lost its worker: the storage's sweep removes it.
  sys::lock(file_);
}

IncomingFile::~IncomingFile() {
  for (const std::string& left : {temporary_, publishing_}) {
    if (left.empty()) continue;
    try {
      root_.remove(left);
    } catch (const Error&) {
      // The next sweep of the storage removes it.
    }
  }
}

void IncomingFile::write(std::string_view bytes) {
  if (digest_) digest_->add(bytes);
  sys::write_at(file_, bytes, size_);
  size_ += bytes.size();
}

void IncomingFile::check(Job& job) {
  if (digest_) {
    const std::string found = digest_->finish();
    if (!equal_constant_time(found, checksum_))
      throw Error::failed(
          "worker.checksum",
          fmt::format("checksum mismatch: got '{}' != expect '{}'", found, checksum_));
    job.log("checksum verified");
  }
  if (format_.empty()) {
    // An ISO or template that is really a disk image would be opened by its name, as raw bytes, so
    // nothing in it is interpreted.
    return;
  }
  const image::Kind kind = format_ == "qcow2"  ? image::Kind::qcow2
                           : format_ == "vmdk" ? image::Kind::vmdk
                                               : image::Kind::raw;
  image::require_kind(file_, kind, name_);
  image::require_self_contained(image::inspect(file_, kind));
}

void IncomingFile::finish(Job& job) {
  check(job);
  sys::synchronize(file_);
  failpoint("worker.incoming.checked");
  const std::string target = folder_ + "/" + name_;
  if (temporary_.empty()) {
    publishing_ = folder_ + "/.posada-" + hex(sys::random_bytes(8));
    root_.publish(file_, publishing_);
  } else {
    publishing_ = std::exchange(temporary_, "");
  }
  failpoint("worker.incoming.named");
  root_.rename(publishing_, target, true);
  publishing_.clear();
  root_.synchronize(folder_);
}

}  // namespace posada::worker
