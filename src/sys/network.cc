#include "sys/network.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"

namespace posada::sys {
namespace {

ifreq request_for(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name)
    throw Error::failed("net.name", "'" + name + "' cannot be the name of a network interface");
  std::memcpy(request.ifr_name, name.data(), name.size());
  return request;
}

Fd control_socket() {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw_errno("open a network control socket");
  return socket;
}

void control(unsigned long what, ifreq& request, const std::string& action) {
  const Fd socket = control_socket();
  if (::ioctl(socket.get(), what, &request) != 0) throw_errno(action);
}

bool is_bridge(const std::string& name) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request = request_for(name);
  request.ifr_data = reinterpret_cast<char*>(&info);
  const Fd socket = control_socket();
  return ::ioctl(socket.get(), SIOCETHTOOL, &request) == 0 &&
         std::string_view(info.driver) == "bridge";
}

std::vector<std::string> interface_names() {
  std::vector<std::string> names;
  struct if_nameindex* all = ::if_nameindex();
  if (!all) throw_errno("list network interfaces");
  for (const struct if_nameindex* entry = all; entry->if_index != 0; ++entry)
    names.emplace_back(entry->if_name);
  ::if_freenameindex(all);
  return names;
}

Fd open_queue(const std::string& name, bool several) {
  Fd tap(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!tap) throw_errno("open /dev/net/tun");
  ifreq request = request_for(name);
  request.ifr_flags =
      static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (several ? IFF_MULTI_QUEUE : 0));
  if (::ioctl(tap.get(), TUNSETIFF, &request) != 0) throw_errno("create tap device " + name);
  return tap;
}

sockaddr_in ipv4_address(const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1)
    throw Error::failed("net.address", "'" + text + "' is no IPv4 address");
  return address;
}

void put_address(ifreq& request, const sockaddr_in& address) {
  std::memcpy(&request.ifr_addr, &address, sizeof address);
}

// "aa:bb:cc:dd:ee:ff"
void put_mac(ifreq& request, const std::string& mac) {
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  const std::vector<std::string> parts = split(mac, ':');
  for (std::size_t i = 0; i < 6 && i < parts.size(); ++i)
    request.ifr_hwaddr.sa_data[i] = static_cast<char>(std::stoi(parts[i], nullptr, 16));
}

// "  eth0: 100 1 0 0 0 0 0 0 200 2 …": eight fields received, eight sent.
std::optional<InterfaceCounters> parse_counters(const std::string& text, const std::string& name) {
  for (const std::string& line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || trim(line.substr(0, colon)) != name) continue;
    const std::vector<std::string> fields = split_list(line.substr(colon + 1), " ");
    if (fields.size() < 16) return std::nullopt;
    const auto number = [&](std::size_t i) {
      return static_cast<std::uint64_t>(to_integer(fields[i]).value_or(0));
    };
    return InterfaceCounters{number(0), number(1), number(8), number(9)};
  }
  return std::nullopt;
}

}  // namespace

NetworkNamespace::NetworkNamespace(std::string path)
    : path_(std::move(path)), thread_(std::make_shared<Pool>("network", 1, 1000)) {}

template <class F>
auto NetworkNamespace::inside(F work) -> Async<std::invoke_result_t<F>> {
  // The one thread joins at its first job and stays.
  return thread_->run([path = path_, joined = joined_, work = std::move(work)] {
    if (!*joined && !path.empty()) {
      const Fd place(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!place) throw_errno("open network namespace " + path);
      if (::setns(place.get(), CLONE_NEWNET) != 0) throw_errno("join network namespace " + path);
    }
    *joined = true;
    return work();
  });
}

Async<std::vector<Fd>> NetworkNamespace::open_tap(std::string name, unsigned queues) {
  return inside([name, queues] {
    std::vector<Fd> taps;
    for (unsigned i = 0; i < std::max(queues, 1U); ++i)
      taps.push_back(open_queue(name, queues > 1));
    return taps;
  });
}

Async<void> NetworkNamespace::make_bridge(std::string name, std::string mac) {
  return inside([name, mac] {
    if (::if_nametoindex(name.c_str()) != 0) return;
    const Fd socket = control_socket();
    if (::ioctl(socket.get(), SIOCBRADDBR, name.c_str()) != 0) throw_errno("create bridge " + name);
    ifreq request = request_for(name);
    put_mac(request, mac);
    control(SIOCSIFHWADDR, request, "set the address of bridge " + name);
  });
}

Async<void> NetworkNamespace::join_bridge(std::string bridge, std::string interface) {
  return inside([bridge, interface] {
    if (::if_nametoindex(bridge.c_str()) == 0)
      throw Error::failed("net.no-bridge", "bridge '" + bridge + "' does not exist",
                          {{"bridge", bridge}});
    ifreq request = request_for(bridge);
    request.ifr_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    control(SIOCBRADDIF, request, "attach " + interface + " to bridge " + bridge);
  });
}

Async<void> NetworkNamespace::set_up(std::string name, bool up) {
  return inside([name, up] {
    ifreq request = request_for(name);
    control(SIOCGIFFLAGS, request, "read flags of " + name);
    request.ifr_flags =
        static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    control(SIOCSIFFLAGS, request, "set flags of " + name);
  });
}

Async<void> NetworkNamespace::set_mtu(std::string name, unsigned mtu) {
  return inside([name, mtu] {
    ifreq request = request_for(name);
    request.ifr_mtu = static_cast<int>(mtu);
    control(SIOCSIFMTU, request, "set the MTU of " + name);
  });
}

Async<void> NetworkNamespace::set_address(std::string name, std::string ipv4,
                                          unsigned prefix_length) {
  return inside([name, ipv4, prefix_length] {
    ifreq request = request_for(name);
    put_address(request, ipv4_address(ipv4));
    control(SIOCSIFADDR, request, "set the address of " + name);
    sockaddr_in mask{};
    mask.sin_family = AF_INET;
    mask.sin_addr.s_addr =
        htonl(prefix_length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix_length));
    put_address(request, mask);
    control(SIOCSIFNETMASK, request, "set the netmask of " + name);
  });
}

Async<bool> NetworkNamespace::exists(std::string name) {
  return inside([name] { return ::if_nametoindex(name.c_str()) != 0; });
}

Async<std::vector<std::string>> NetworkNamespace::bridges() {
  return inside([] {
    std::vector<std::string> names = interface_names();
    std::erase_if(names, [](const std::string& name) { return !is_bridge(name); });
    return names;
  });
}

Async<std::optional<InterfaceCounters>> NetworkNamespace::counters(std::string name) {
  // /proc/thread-self/net is that of the thread's namespace.
  return inside([name] { return parse_counters(read_file("/proc/thread-self/net/dev"), name); });
}

Async<void> NetworkNamespace::forward_ipv4() {
  return inside([] {
    const Fd file(::open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC));
    if (!file) throw_errno("open /proc/sys/net/ipv4/ip_forward");
    if (::write(file.get(), "1", 1) != 1) throw_errno("switch on IPv4 forwarding");
  });
}

}  // namespace posada::sys
