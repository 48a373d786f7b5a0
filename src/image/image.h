// Disk images as bytes: what a header says, and writing new images. Used by the storage drivers
// and by the worker, on descriptors only. Nothing here follows a name that an image contains.
//
// An image that came from outside, or whose bytes a guest could write, is never given to QEMU
// before `require_self_contained` has passed: a backing file, an external data file, a second
// extent or an absurd table would let it read the host's files or exhaust it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/fd.h"

namespace posada::image {

enum class Kind { raw, qcow2, vmdk };
std::string_view text(Kind kind);

struct Facts {
  Kind kind = Kind::raw;
  std::uint64_t bytes = 0;     // virtual size
  std::string backing_file;    // as the header names it
  std::string backing_format;  // "" when the header does not say
  bool external_data = false;  // qcow2 data file, or a VMDK extent of another name
  bool encrypted = false;
  std::uint32_t snapshots = 0;
  // Why the header cannot be trusted ("L1 table of 3 GiB"); empty: nothing found.
  std::string damage;
};

// Reads the header as `kind` says; the bytes never decide the kind, because a guest with a raw disk
// writes what it likes there. Throws Error "image.format" when it is no image of this kind.
Facts inspect(const sys::Fd& file, Kind kind);
// What the first bytes look like: for a file from outside whose name claims a kind.
Kind guess(const sys::Fd& file);
// Throws Error with the reason when the image refers to anything outside itself or is damaged.
void require_self_contained(const Facts& facts);

enum class Preallocation {
  off,       // sparse
  metadata,  // qcow2: tables filled, data sparse; raw: as off
  falloc,    // blocks reserved
  full,      // zeros written
};
std::optional<Preallocation> preallocation_from(std::string_view text);

// Turn an empty file into an image of `bytes`, synced to disk.
void create_raw(const sys::Fd& file, std::uint64_t bytes, Preallocation preallocation);
struct Backing {
  std::string file;  // relative to the image's folder
  Kind kind = Kind::qcow2;
};
void create_qcow2(const sys::Fd& file, std::uint64_t bytes, Preallocation preallocation,
                  const std::optional<Backing>& backing = {});

// Turns a file, whatever is in it, into an image of `bytes` that begins with `content`. Not safe
// against a crash in between: for what can be made again.
void write_image(const sys::Fd& file, Kind kind, std::string_view content, std::uint64_t bytes);

// Grows an image that nobody has open. False: this header needs QEMU's own tool for it.
bool grow_qcow2(const sys::Fd& file, std::uint64_t bytes);
void grow_raw(const sys::Fd& file, std::uint64_t bytes);

}  // namespace posada::image
