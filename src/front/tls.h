// The server's TLS settings: certificate, key, ciphers, session tickets. Owns the only secret of
// this process. Connections keep the settings they began with; a reload serves new ones. The files
// are opened once, while the process may still read them, and read again through the descriptors:
// whoever changes them writes in place.
#pragma once

#include <memory>
#include <string>

#include "sys/fd.h"

struct ssl_st;
struct ssl_ctx_st;

namespace posada::front {

class TlsContext {
 public:
  // Both may be one file. Throws Error that names the file when it cannot be read or the two do not
  // belong together.
  TlsContext(const std::string& certificate_path, const std::string& key_path);

  // Reads both files again. On failure it throws and the old certificate stays in use.
  void reload();
  // A new server-side session. The caller owns it.
  ssl_st* new_session() const;
  // Whether a browser will trust the certificate by itself, so that HSTS locks nobody out.
  bool publicly_trusted() const { return publicly_trusted_; }

 private:
  struct File {
    std::string path;
    sys::Fd descriptor;
    std::string read() const;
  };
  std::shared_ptr<ssl_ctx_st> make_context() const;

  File certificate_;
  File key_;
  std::shared_ptr<ssl_ctx_st> context_;
  bool publicly_trusted_ = false;
};

}  // namespace posada::front
