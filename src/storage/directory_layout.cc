#include "storage/directory_layout.h"

#include "base/error.h"
#include "base/text.h"

namespace posada::storage {

std::string relative_path(const Definition& definition, const VolumeName& volume) {
  if (volume.content == Content::images) {
    return definition.folder(Content::images) + "/" + volume.owner->text() + "/" + volume.file;
  }
  if (volume.content == Content::import && volume.format.starts_with("ova+"))
    throw Error::failed("storage.archive-member",
                        "'" + volume.file + "' lies inside an archive and must be extracted first");
  return definition.folder(volume.content) + "/" + volume.file;
}

std::optional<Located> locate(const Definition& definition, std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string root = definition.path() + "/";
  if (!path.starts_with(root)) return std::nullopt;
  const std::string relative = path.substr(root.size());
  for (const Content content : {Content::images, Content::iso, Content::vztmpl, Content::backup,
                                Content::snippets, Content::import}) {
    const std::string folder = definition.folder(content) + "/";
    if (!relative.starts_with(folder)) continue;
    const std::string rest = relative.substr(folder.size());
    const std::string name =
        content == Content::images ? rest : std::string(text(content)) + "/" + rest;
    const auto parsed = try_parse_volume_name(name);
    if (parsed && parsed->content == content && relative_path(definition, *parsed) == relative)
      return Located{name, content};
  }
  return std::nullopt;
}

std::string template_format(const std::string& file) {
  const std::string name = lower(file);
  if (name.ends_with(".tgz")) return "tgz";
  if (name.ends_with(".tar")) return "tar";
  return "t" + name.substr(name.rfind('.') + 1);
}

std::string own_name(const VolumeName& volume) {
  return volume.owner->text() + "/" + volume.file;
}

}  // namespace posada::storage
