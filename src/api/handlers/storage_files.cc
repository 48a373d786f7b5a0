// Files that come into a storage: uploads, downloads, and what a URL leads to.
#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/request/nodes.h"
#include "api/request/nodes_storage.h"
#include "base/text.h"
#include "storage/storage.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

namespace feature = ::posada::storage;

// A name that may stand in a UPID.
std::string task_id(std::string name) {
  for (char& c : name) {
    if (c == ':' || c == '/' || static_cast<unsigned char>(c) <= ' ') c = '_';
  }
  return name;
}

// Checks what can be checked before the first byte: clients want such faults from the call itself.
feature::Incoming incoming_of(const Call& call, const std::string& storage,
                              const std::string& content, const std::string& file,
                              const std::optional<std::string>& algorithm,
                              const std::optional<std::string>& checksum) {
  feature::Incoming incoming;
  incoming.storage = storage;
  incoming.content = *feature::content_from(content);
  incoming.file = file;
  if (checksum && !algorithm)
    throw Error::parameter("checksum-algorithm", "missing property required by 'checksum'");
  if (algorithm && !checksum)
    throw Error::parameter("checksum", "missing property required by 'checksum-algorithm'");
  if (checksum) {
    incoming.checksum = *checksum;
    incoming.checksum_algorithm = *algorithm;
  }
  const feature::Definition definition = call.services.storages->usable(storage);
  if (!definition.holds(incoming.content))
    throw Error::failed(
        "storage.content",
        "storage '" + storage + "' is not configured for content-type '" + content + "'");
  const auto name = feature::try_parse_volume_name(content + "/" + file);
  if (!name || name->file.find('/') != std::string::npos)
    throw Error::parameter("filename", "wrong file extension");
  return incoming;
}

sys::Async<void> receive(feature::Storages* storages, feature::Incoming incoming,
                         std::shared_ptr<sys::Fd> socket, task::Context* task) {
  co_await storages->receive(*task, std::move(incoming), std::move(*socket));
}

sys::Async<Answer> upload(Call& call, nodes_storage::Upload request) {
  feature::Incoming incoming = incoming_of(call, request.storage, request.content, request.filename,
                                           request.checksum_algorithm, request.checksum);
  if (!call.upload) throw Error::parameter("filename", "the request carries no file");
  auto socket = std::make_shared<sys::Fd>(std::move(*call.upload));
  call.upload.reset();
  feature::Storages* storages = call.services.storages;
  const task::Upid upid =
      call.services.tasks->start(task_start<task::Start>(call, "imgcopy", ""),
                                 [storages, incoming, socket](task::Context& task) {
                                   return receive(storages, incoming, socket, &task);
                                 });
  co_return json::value(upid.text());
}

sys::Async<void> fetch(feature::Storages* storages, feature::Incoming incoming,
                       feature::Download download, task::Context* task) {
  co_await storages->download(*task, std::move(incoming), std::move(download));
}

sys::Async<Answer> download(Call& call, nodes_storage::DownloadUrl request) {
  feature::Incoming incoming = incoming_of(call, request.storage, request.content, request.filename,
                                           request.checksum_algorithm, request.checksum);
  feature::Download source{.url = request.url,
                           .verify_certificates = request.verify_certificates.value_or(true),
                           .compression = request.compression.value_or("")};
  feature::Storages* storages = call.services.storages;
  const task::Upid upid = call.services.tasks->start(
      task_start<task::Start>(call, "download", task_id(request.filename)),
      [storages, incoming, source](task::Context& task) {
        return fetch(storages, incoming, source, &task);
      });
  co_return json::value(upid.text());
}

sys::Async<void> query(feature::Storages* storages, std::string url, bool verify,
                       task::Context* task, feature::UrlMetadata* out) {
  *out = co_await storages->query_url(*task, std::move(url), verify);
}

sys::Async<Answer> query_url(Call& call, nodes::QueryUrlMetadata request) {
  feature::UrlMetadata facts;
  feature::UrlMetadata* out = &facts;
  feature::Storages* storages = call.services.storages;
  const std::string url = request.url;
  const bool verify = request.verify_certificates.value_or(true);
  co_await call.services.tasks->run(task_start<task::Start>(call, "query", ""),
                                    [storages, url, verify, out](task::Context& task) {
                                      return query(storages, url, verify, &task, out);
                                    });
  json::object row;
  if (!facts.file.empty()) row["filename"] = facts.file;
  if (facts.bytes) row["size"] = *facts.bytes;
  if (!facts.mime_type.empty()) row["mimetype"] = facts.mime_type;
  co_return row;
}

}  // namespace

void register_storage_files(Router& router) {
  router.on<nodes_storage::Upload>(upload);
  router.on<nodes_storage::DownloadUrl>(download);
  router.on<nodes::QueryUrlMetadata>(query_url);
}

}  // namespace posada::api
