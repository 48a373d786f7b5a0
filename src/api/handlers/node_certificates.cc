#include "api/handlers/machine.h"
#include "api/request/nodes_certificates.h"
#include "host/certificate.h"
#include "sys/file.h"

namespace posada::api {
namespace {

sys::Async<Answer> show(Call&, const Machine& machine, nodes_certificates::Info) {
  const std::string& path = machine.certificate_file;
  json::array rows;
  for (const host::CertificateFacts& facts : host::read_certificates(sys::read_file(path))) {
    rows.push_back(json::object{{"filename", "pve-ssl.pem"},
                                {"subject", facts.subject},
                                {"issuer", facts.issuer},
                                {"notbefore", facts.not_before},
                                {"notafter", facts.not_after},
                                {"fingerprint", facts.fingerprint},
                                {"public-key-type", facts.key_type},
                                {"public-key-bits", facts.key_bits},
                                {"san", json::array(facts.names.begin(), facts.names.end())},
                                {"pem", facts.pem}});
  }
  co_return rows;
}

}  // namespace

void register_node_certificates(MachineRouter& router) {
  router.on<nodes_certificates::Info>(show);
}

}  // namespace posada::api
