#include "api/handlers/machine.h"
#include "api/request/nodes_certificates.h"
#include "host/certificate_store.h"

namespace posada::api {
namespace {

json::object row_of(const host::CertificateStore::Named& certificate) {
  const host::CertificateFacts& facts = certificate.facts;
  return {{"filename", certificate.file},
          {"subject", facts.subject},
          {"issuer", facts.issuer},
          {"notbefore", facts.not_before},
          {"notafter", facts.not_after},
          {"fingerprint", facts.fingerprint},
          {"public-key-type", facts.key_type},
          {"public-key-bits", facts.key_bits},
          {"san", json::array(facts.names.begin(), facts.names.end())},
          {"pem", facts.pem}};
}

sys::Async<Answer> show(Call&, const Machine& machine, nodes_certificates::Info) {
  json::array rows;
  for (const auto& certificate : machine.certificates->list()) rows.push_back(row_of(certificate));
  co_return rows;
}

// `restart` is for servers that must be restarted for it.
sys::Async<Answer> upload(Call&, const Machine& machine,
                          nodes_certificates::UploadCustomCert request) {
  co_return row_of(machine.certificates->upload(request.certificates, request.key,
                                                request.force.value_or(false)));
}

sys::Async<Answer> remove(Call&, const Machine& machine, nodes_certificates::RemoveCustomCert) {
  machine.certificates->remove();
  co_return nullptr;
}

}  // namespace

void register_node_certificates(MachineRouter& router) {
  router.on<nodes_certificates::Info>(show);
  router.on<nodes_certificates::UploadCustomCert>(upload);
  router.on<nodes_certificates::RemoveCustomCert>(remove);
}

}  // namespace posada::api
