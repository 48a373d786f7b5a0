// A folder of the host: guests' disks are files, everything else is files too.
#pragma once

#include "storage/driver.h"

namespace posada::storage {

constexpr std::size_t longest_notes = 64 * 1024;  // of one volume, in bytes

class DirectoryDriver final : public Driver {
 public:
  explicit DirectoryDriver(Definition definition);

  bool supports(Feature feature, VolumeFormat format) const override;
  void activate() override;
  sys::Space space() override;
  void create(const NewVolume& volume) override;
  void create_linked(const VolumeName& base, const NewVolume& volume) override;
  bool remove(const VolumeName& name) override;
  OpenVolume open(const VolumeName& name, Access access) override;
  VolumeInfo info(const VolumeName& name) override;
  void grow(const VolumeName& name, std::uint64_t bytes) override;
  void rename(const VolumeName& from, const VolumeName& to) override;
  std::vector<std::string> names_of(GuestId guest) override;
  std::vector<ListedVolume> list(const std::set<Content>& contents,
                                 std::optional<GuestId> guest) override;
  std::string path(const VolumeName& name) const override;
  std::string root() const override;
  std::string folder(Content content) const override;
  std::size_t remove_leftovers() override;
  void annotate(const VolumeName& backup, const std::optional<std::string>& notes,
                std::optional<bool> is_protected) override;

 private:
  void make(const NewVolume& volume, const std::optional<image::Backing>& backing);
  void list_images(std::optional<GuestId> guest, std::vector<ListedVolume>& out);
  void list_files(Content content, std::optional<GuestId> guest, std::vector<ListedVolume>& out);
  bool remove_backup(const sys::Folder& folder, const VolumeName& name);
  void open_backing(const sys::Folder& folder, const VolumeName& name, const std::string& backing,
                    OpenVolume& volume);

  Definition definition_;
};

}  // namespace posada::storage
