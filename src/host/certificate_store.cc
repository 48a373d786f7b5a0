#include "host/certificate_store.h"

#include "base/error.h"
#include "sys/file.h"
#include "sys/file_replace.h"
#include "sys/log.h"
#include "sys/process.h"

namespace posada::host {
namespace {

constexpr const char* own_chain = "certificate.pem";
constexpr const char* own_key = "key.pem";
constexpr const char* uploaded = "custom.pem";  // key and chain: one file changes at once
// What clients of the reference look for.
constexpr const char* own_name = "pve-ssl.pem";
constexpr const char* uploaded_name = "pveproxy-ssl.pem";

sys::Async<void> make_self_signed(std::string node, std::string chain, std::string key) {
  sys::Command command;
  command.arguments = {"openssl",
                       "req",
                       "-x509",
                       "-newkey",
                       "ec",
                       "-pkeyopt",
                       "ec_paramgen_curve:prime256v1",
                       "-nodes",
                       "-days",
                       "730",
                       "-subj",
                       "/CN=" + node,
                       "-addext",
                       "subjectAltName=DNS:" + node + ",DNS:localhost,IP:127.0.0.1,IP:::1",
                       "-keyout",
                       key,
                       "-out",
                       chain + ".new"};
  co_await sys::run_checked(std::move(command));
  sys::rename_file(chain + ".new", chain);
}

}  // namespace

sys::Async<void> CertificateStore::start() {
  sys::make_directories(places_.folder, 0700);
  if (!sys::exists(own(own_chain))) {
    co_await make_self_signed(places_.node, own(own_chain), own(own_key));
  }
  if (const auto text = sys::read_file_if_exists(own(uploaded))) {
    try {
      serve(server_pem(*text, *text));
      co_return;
    } catch (const Error& error) {
      for (const auto& [name, why] : error.parameters()) {
        sys::log_error("{} cannot be used ({}: {}); the node's own certificate is", own(uploaded),
                       name, why);
      }
      if (error.kind() != ErrorKind::parameter) throw;
    }
  }
  serve_own();
}

void CertificateStore::serve_own() {
  try {
    serve(server_pem(sys::read_file(own(own_chain)), sys::read_file(own(own_key))));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::parameter) throw;
    const auto& [name, why] = *error.parameters().begin();
    throw Error::failed("node.certificate",
                        own(name == "key" ? own_key : own_chain) + ": " + why +
                            ". Put a certificate and its key there in PEM form, or remove both "
                            "files to get new ones");
  }
}

void CertificateStore::serve(const std::string& pem) {
  fingerprint_ = read_certificates(pem).front().fingerprint;
  if (sys::read_file_if_exists(places_.served) != pem) {
    sys::write_in_place(places_.served, pem, 0600);
  }
  if (tell_) tell_();
}

std::vector<CertificateStore::Named> CertificateStore::list() const {
  std::vector<Named> result;
  for (const auto& [file, name] : {std::pair{own_chain, own_name}, {uploaded, uploaded_name}}) {
    const auto text = sys::read_file_if_exists(own(file));
    if (!text) continue;
    // The others of a chain are their issuers.
    result.push_back({name, read_certificates(*text).front()});
  }
  return result;
}

CertificateStore::Named CertificateStore::upload(const std::string& chain,
                                                 const std::optional<std::string>& key,
                                                 bool replace) {
  const auto before = sys::read_file_if_exists(own(uploaded));
  if (!key && !before) {
    throw Error::parameter("key", "Attempted to upload custom certificate without (existing) key.");
  }
  if (before && !replace) {
    throw Error::failed("node.certificate-exists",
                        "Custom certificate file exists but force flag is not set.")
        .with_hint("Use 'force' to put the new one in its place.");
  }
  const std::string pem = server_pem(chain, key ? *key : *before);
  sys::write_file(own(uploaded), pem, 0600);
  serve(pem);
  return {uploaded_name, read_certificates(pem).front()};
}

void CertificateStore::remove() {
  if (!sys::exists(own(uploaded))) return;
  sys::remove_file(own(uploaded));
  serve_own();
}

}  // namespace posada::host
