// Parts of the API whose objects cannot exist on this node yet: their lists are empty, what is
// asked for by name does not exist, and the words are those that clients match. A part that is
// built later takes its lines out of here; nothing here answers a change.
#include "access/permissions.h"
#include "api/handlers/machine.h"
#include "api/request/all.h"
#include "base/digest.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

sys::Async<Answer> empty_list(Call&) {
  co_return json::array{};
}
sys::Async<Answer> empty_object(Call&) {
  co_return json::object{};
}

sys::Async<Answer> refuse(std::string before, std::string value, std::string after) {
  throw Error::failed("api.no-such-object", before + value + after, {{"name", value}});
  co_return nullptr;
}

template <class... Requests>
void lists(Router& router) {
  (router.bind(Requests::method, empty_list), ...);
}

// `pattern` has {} where the value of the path's last parameter goes.
template <class Request>
void nothing_named(Router& router, std::string_view parameter, std::string_view pattern) {
  const std::size_t hole = pattern.find("{}");
  const std::string before(pattern.substr(0, hole)), after(pattern.substr(hole + 2));
  router.bind(Request::method, [name = std::string(parameter), before, after](Call& call) {
    return refuse(before, text_member(call.parameters, name).value_or(""), after);
  });
}

template <class Request>
sys::Async<Answer> no_job(Call&, Request request) {
  throw Error::parameter("id", "No such job '" + request.id + "'");
  co_return nullptr;
}

sys::Async<Answer> join_version(Call&, cluster_config::JoinApiVersion) {
  co_return Answer(json::value(1));
}

sys::Async<Answer> join_info(Call&, cluster_config::JoinInfo) {
  throw Error::failed("cluster.none", "node is not in a cluster, no join info available!");
  co_return nullptr;
}

// A node alone is its own majority; nothing manages or fences here.
sys::Async<Answer> ha_status(Call& call, cluster_ha::Status) {
  co_return json::array{json::object{{"id", "quorum"},
                                     {"type", "quorum"},
                                     {"node", call.services.node},
                                     {"status", "OK"},
                                     {"quorate", 1}}};
}

sys::Async<Answer> ha_manager(Call& call, cluster_ha::ManagerStatus) {
  co_return json::object{{"manager_status", json::object{}},
                         {"lrm_status", json::object{}},
                         {"quorum", json::object{{"node", call.services.node}, {"quorate", 1}}}};
}

// No firewall text has been written, and there is no way to write one: the options are unset.
sys::Async<Answer> unset_options(Call&) {
  co_return json::object{{"digest", sha1_hex("")}};
}

sys::Async<Answer> empty_log(Call&) {
  co_return json::array{json::object{{"n", 1}, {"t", "no content"}}};
}

// Like `answer`, for a guest that must exist.
Handler of_guest(GuestKind kind, Handler answer) {
  return [kind, answer](Call& call) {
    const auto number = integer_member(call.parameters, "vmid").value_or(0);
    call.services.registry->require(GuestId{static_cast<std::uint32_t>(number)}, kind);
    return answer(call);
  };
}

void register_high_availability(Router& router) {
  lists<cluster_ha::GroupsIndex, cluster_ha::ResourcesIndex, cluster_ha::RulesIndex>(router);
  nothing_named<cluster_ha::GroupsRead>(router, "group", "no such ha group '{}'");
  nothing_named<cluster_ha::ResourcesRead>(router, "sid", "no such resource '{}'");
  nothing_named<cluster_ha::ReadRule>(router, "rule", "no such ha rule '{}'");
  router.on<cluster_ha::Status>(ha_status);
  router.on<cluster_ha::ManagerStatus>(ha_manager);
}

void register_jobs(Router& router) {
  lists<cluster_replication::Index, nodes_replication::Status, cluster_backup::Index,
        cluster_jobs::SyncjobIndex>(router);
  const std::string_view replication = "replication job '{}' does not exist";
  nothing_named<cluster_replication::Read>(router, "id", replication);
  nothing_named<nodes_replication::JobStatus>(router, "id", replication);
  nothing_named<nodes_replication::ReadJobLog>(router, "id", replication);
  router.on<cluster_backup::ReadJob>(no_job<cluster_backup::ReadJob>);
  router.on<cluster_backup::GetVolumeBackupIncluded>(
      no_job<cluster_backup::GetVolumeBackupIncluded>);
  router.on<cluster_jobs::ReadJob>(no_job<cluster_jobs::ReadJob>);
}

void register_membership(Router& router) {
  lists<cluster_config::Nodes>(router);
  router.on<cluster_config::JoinApiVersion>(join_version);
  router.on<cluster_config::JoinInfo>(join_info);
  router.bind(cluster_config::Totem::method, empty_object);
  router.bind(cluster_config::Status::method, empty_object);
}

void register_notifications(Router& router) {
  lists<cluster_notifications::GetMatchers, cluster_notifications::GetMatcherFieldValues,
        cluster_notifications::GetMatcherFields, cluster_notifications::GetAllTargets,
        cluster_notifications_endpoints::GetGotifyEndpoints,
        cluster_notifications_endpoints::GetSendmailEndpoints,
        cluster_notifications_endpoints::GetSmtpEndpoints,
        cluster_notifications_endpoints::GetWebhookEndpoints>(router);
  nothing_named<cluster_notifications::GetMatcher>(router, "name", "matcher '{}' does not exist");
  const std::string_view endpoint = "endpoint '{}' does not exist";
  nothing_named<cluster_notifications_endpoints::GetGotifyEndpoint>(router, "name", endpoint);
  nothing_named<cluster_notifications_endpoints::GetSendmailEndpoint>(router, "name", endpoint);
  nothing_named<cluster_notifications_endpoints::GetSmtpEndpoint>(router, "name", endpoint);
  nothing_named<cluster_notifications_endpoints::GetWebhookEndpoint>(router, "name", endpoint);
}

void register_definitions(Router& router) {
  lists<cluster_mapping::DirIndex, cluster_mapping::PciIndex, cluster_mapping::UsbIndex,
        cluster_metrics::ServerIndex, cluster_qemu::Config, cluster_acme::AccountIndex,
        cluster_acme::PluginsIndex>(router);
  nothing_named<cluster_mapping::DirGet>(router, "id", "directory mapping '{}' does not exist");
  nothing_named<cluster_mapping::PciGet>(router, "id", "pci mapping '{}' does not exist");
  nothing_named<cluster_mapping::UsbGet>(router, "id", "usb mapping '{}' does not exist");
  nothing_named<cluster_metrics::Read>(router, "id", "metric server '{}' does not exist");
  nothing_named<cluster_qemu::Info>(router, "cputype", "Custom cputype '{}' does not exist");
  nothing_named<cluster_acme::GetPluginConfig>(router, "id", "ACME plugin '{}' does not exist");
  nothing_named<cluster_acme::GetAccount>(router, "name", "ACME account '{}' does not exist");
}

// The list of addresses that every node has of itself; nothing is in it yet.
constexpr std::string_view own_addresses = "pve";

sys::Async<Answer> address_lists(Call&, cluster_sdn::IpamsIndex request) {
  json::array rows;
  if (request.type.value_or(std::string(own_addresses)) == own_addresses)
    rows.push_back(json::object{{"ipam", own_addresses}, {"type", own_addresses}});
  co_return rows;
}

sys::Async<Answer> address_list(Call&, cluster_sdn::IpamsRead request) {
  if (request.ipam != own_addresses)
    throw Error::failed("api.no-such-object", "sdn ipam '" + request.ipam + "' does not exist",
                        {{"name", request.ipam}});
  co_return json::object{{"ipam", own_addresses}, {"type", own_addresses}};
}

void register_networks(Router& router) {
  router.on<cluster_sdn::IpamsIndex>(address_lists);
  router.on<cluster_sdn::IpamsRead>(address_list);
  router.bind(cluster_sdn::Ipamindex::method, empty_list);
  lists<cluster_sdn::ZonesIndex, cluster_sdn::ControllersIndex, cluster_sdn::DnsIndex,
        cluster_sdn_vnets::Index>(router);
  nothing_named<cluster_sdn::ZonesRead>(router, "zone", "sdn zone '{}' does not exist");
  nothing_named<cluster_sdn::ControllersRead>(router, "controller",
                                              "sdn controller '{}' does not exist");
  nothing_named<cluster_sdn::DnsRead>(router, "dns", "sdn dns '{}' does not exist");
  nothing_named<cluster_sdn_vnets::VnetRead>(router, "vnet", "sdn vnet '{}' does not exist");
}

void register_firewall(Router& router) {
  lists<cluster_firewall::GetRules, cluster_firewall::Refs,
        cluster_firewall_groups::ListSecurityGroups, cluster_firewall_aliases::GetAliases,
        cluster_firewall_ipset::IpsetIndex, nodes_firewall::GetRules>(router);
  router.bind(cluster_firewall::GetOptions::method, unset_options);
  router.bind(nodes_firewall::GetOptions::method, unset_options);
  router.bind(nodes_firewall::Log::method, empty_log);
  const std::string_view rule = "no rule at position {}";
  nothing_named<cluster_firewall::GetRule>(router, "pos", rule);
  nothing_named<nodes_firewall::GetRule>(router, "pos", rule);
  nothing_named<cluster_firewall_groups::GetRules>(router, "group",
                                                   "security group '{}' does not exist");
  nothing_named<cluster_firewall_aliases::ReadAlias>(router, "name", "alias '{}' does not exist");
  nothing_named<cluster_firewall_ipset::GetIpset>(router, "name", "IPSet '{}' does not exist");
}

// The firewall below one guest has the same shape for both kinds.
void register_guest_firewall(Router& router) {
  const auto bind = [&router](GuestKind kind, std::initializer_list<MethodId> empty,
                              MethodId options, MethodId log) {
    for (const MethodId method : empty) router.bind(method, of_guest(kind, empty_list));
    router.bind(options, of_guest(kind, unset_options));
    router.bind(log, of_guest(kind, empty_log));
  };
  bind(GuestKind::vm,
       {nodes_qemu_firewall::GetRules::method, nodes_qemu_firewall::GetAliases::method,
        nodes_qemu_firewall::IpsetIndex::method, nodes_qemu_firewall::Refs::method},
       nodes_qemu_firewall::GetOptions::method, nodes_qemu_firewall::Log::method);
  bind(GuestKind::container,
       {nodes_lxc_firewall::GetRules::method, nodes_lxc_firewall::GetAliases::method,
        nodes_lxc_firewall::IpsetIndex::method, nodes_lxc_firewall::Refs::method},
       nodes_lxc_firewall::GetOptions::method, nodes_lxc_firewall::Log::method);
}

}  // namespace

void register_absent(Router& router) {
  register_high_availability(router);
  register_jobs(router);
  register_membership(router);
  register_notifications(router);
  register_definitions(router);
  register_networks(router);
  register_firewall(router);
  register_guest_firewall(router);
}

}  // namespace posada::api
