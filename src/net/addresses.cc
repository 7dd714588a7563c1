#include "net/addresses.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/ensure.h"

namespace cluster::net {

std::vector<std::string> local_addresses() {
  std::vector<std::string> useful;
  std::vector<std::string> loopback;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return {};
  for (const ifaddrs* at = all; at; at = at->ifa_next) {
    if (!at->ifa_addr || !(at->ifa_flags & IFF_UP)) continue;
    const int family = at->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const Endpoint endpoint(at->ifa_addr,
                            family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    if (endpoint.is_link_local()) continue;
    (endpoint.is_loopback() ? loopback : useful).push_back(endpoint.ip());
  }
  freeifaddrs(all);
  std::vector<std::string>& chosen = useful.empty() ? loopback : useful;
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

AddressWatch::AddressWatch(event_base* base, std::function<void(std::vector<std::string>)> changed,
                           const Report& report)
    : changed_(std::move(changed)), known_(local_addresses()) {
  timer_.reset(evtimer_new(
      base, [](evutil_socket_t, short, void* self) { static_cast<AddressWatch*>(self)->look(); },
      this));
  ENSURE(timer_);

  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  netlink_ = Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink_ || bind(netlink_.get(), reinterpret_cast<sockaddr*>(&groups), sizeof groups) != 0) {
    report.log(core::LogLevel::kWarning, std::string("cannot watch the network's addresses (") +
                                             std::strerror(errno) +
                                             "): looks at them from time to time");
    netlink_.reset();
    arm(kPollInterval);
    return;
  }
  readable_.reset(event_new(
      base, netlink_.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<AddressWatch*>(self)->drain(); }, this));
  ENSURE(readable_ && event_add(readable_.get(), nullptr) == 0);
}

// What changed does not matter, nor that messages are lost (ENOBUFS): the list is read afterwards.
void AddressWatch::drain() {
  std::array<char, 8192> buffer;
  for (int i = 0; i < kReadsPerTurn; ++i)
    if (recv(netlink_.get(), buffer.data(), buffer.size(), 0) < 0 && errno != ENOBUFS) break;
  if (!evtimer_pending(timer_.get(), nullptr)) arm(kSettle);
}

void AddressWatch::arm(std::chrono::milliseconds after) { start_timer(timer_, after); }

void AddressWatch::look() {
  if (!netlink_) arm(kPollInterval);
  std::vector<std::string> now = local_addresses();
  if (now == known_) return;
  known_ = now;
  changed_(std::move(now));
}

}  // namespace cluster::net
