// The certificate that the page and the API of this node are served with: the node's own, made on
// the first start, or one that an administrator has uploaded, which goes before it. Owns the files
// in its folder. The front is nobody and may read none of them: it keeps the file `served` open
// since its start, which holds the key and chain in use and is written in place; `on_change` is who
// tells it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/certificate.h"
#include "sys/async.h"

namespace posada::host {

class CertificateStore {
 public:
  struct Places {
    std::string folder;
    std::string served;
    std::string node;  // the name that the node's own certificate is for
  };
  struct Named {
    std::string file;  // as clients know it
    CertificateFacts facts;
  };

  explicit CertificateStore(Places places) : places_(std::move(places)) {}

  // Makes the node's own certificate when there is none and writes `served`. An uploaded one that
  // can no longer be used is logged and left alone; the node's own takes its place.
  sys::Async<void> start();
  void on_change(std::function<void()> tell) { tell_ = std::move(tell); }

  std::vector<Named> list() const;
  const std::string& fingerprint() const { return fingerprint_; }  // of the one in use
  const std::string& served() const { return places_.served; }

  // In use when it returns. Without `key` the one of the last upload stays. Throws Error as
  // server_pem() does, and when there is an uploaded one and `replace` is not said.
  Named upload(const std::string& chain, const std::optional<std::string>& key, bool replace);
  // Back to the node's own; nothing when none was uploaded.
  void remove();

 private:
  std::string own(const char* name) const { return places_.folder + "/" + name; }
  void serve(const std::string& pem);
  void serve_own();

  Places places_;
  std::string fingerprint_;
  std::function<void()> tell_;
};

}  // namespace posada::host
