#include "config/identity.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "config/address.h"

namespace cluster::config {

namespace {

constexpr size_t kMaxHostNameBuffer = 256;  // HOST_NAME_MAX is 64 on Linux

std::string canonical_name(const std::string& name) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0 || found == nullptr) return name;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  return found->ai_canonname == nullptr ? name : found->ai_canonname;
}

std::vector<std::string> interface_addresses() {
  std::vector<std::string> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, ::freeifaddrs);
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    std::array<char, NI_MAXHOST> text{};
    const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (::getnameinfo(one->ifa_addr, length, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    std::string address = text.data();
    address.resize(std::min(address.size(), address.find('%')));
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  }
  return out;
}

std::string described(const LocalIdentity& local) {
  std::string out = "host name " + in_quotes(local.short_name);
  if (!local.full_name.empty() && local.full_name != local.short_name) {
    out += " or " + in_quotes(local.full_name);
  }
  std::string addresses;
  for (const std::string& address : local.addresses) {
    addresses += (addresses.empty() ? "" : ", ") + address;
  }
  return out + (addresses.empty() ? ", no address" : ", addresses " + addresses);
}

std::vector<const core::HostEntry*> matches(const Hosts& hosts, const LocalIdentity& local) {
  std::set<std::string> own;
  for (const std::string& address : local.addresses) {
    const std::string plain = address.substr(0, address.find('%'));
    if (std::string ip = canonical_ip(plain); !ip.empty()) own.insert(std::move(ip));
  }
  std::set<std::string> names;
  for (const std::string& name : {local.short_name, local.full_name}) {
    if (!name.empty()) names.insert(comparable_name(name));
  }
  std::vector<const core::HostEntry*> out;
  for (const core::HostEntry& entry : hosts.entries) {
    const std::string ip = canonical_ip(entry.address.substr(0, entry.address.find('%')));
    const bool mine = ip.empty() ? names.contains(comparable_name(entry.name))
                                 : own.contains(ip) || is_loopback(ip);
    if (mine) out.push_back(&entry);
  }
  return out;
}

// Of a host that knows no domain of its own, as many behind a provider's address do.
std::vector<const core::HostEntry*> matches_by_label(const Hosts& hosts,
                                                     const LocalIdentity& local) {
  std::vector<const core::HostEntry*> out;
  if (local.short_name.empty() || local.full_name.find('.') != std::string::npos) return out;
  const std::string own = comparable_name(local.short_name);
  for (const core::HostEntry& entry : hosts.entries)
    if (canonical_ip(entry.address).empty() &&
        comparable_name(entry.name.substr(0, entry.name.find('.'))) == own)
      out.push_back(&entry);
  return out;
}

}  // namespace

LocalIdentity local_identity() {
  LocalIdentity out;
  std::array<char, kMaxHostNameBuffer> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) out.full_name = name.data();
  if (!out.full_name.empty() && out.full_name.find('.') == std::string::npos) {
    out.short_name = out.full_name;
    out.full_name = canonical_name(out.full_name);
  } else {
    out.short_name = out.full_name.substr(0, out.full_name.find('.'));
  }
  out.addresses = interface_addresses();
  return out;
}

std::optional<HostId> find_self(const Hosts& hosts, const std::optional<GivenId>& given,
                                const IdentitySource& local, Report& report) {
  const std::string choice = "one of " + hosts.candidates();
  if (given) {
    const bool possible = given->id > 0 && given->id <= kMaxHostId;
    const HostId id(possible ? static_cast<uint32_t>(given->id) : 0);
    if (hosts.find(id) != nullptr) return id;
    // A line whose own fault is reported needs no second one here.
    if (hosts.named.contains(id) || hosts.entries.empty()) return std::nullopt;
    const bool command_line = given->file.empty();
    report.fault(command_line ? hosts.path : given->file, given->line,
                 std::string(command_line ? "--id" : "id") + " is " + std::to_string(given->id) +
                     ", and that line of hosts names no host",
                 choice);
    return std::nullopt;
  }
  const LocalIdentity identity = local ? local() : LocalIdentity{};
  auto mine = matches(hosts, identity);
  if (mine.empty()) mine = matches_by_label(hosts, identity);
  if (mine.size() == 1) return mine.front()->id;
  if (mine.empty()) {
    if (hosts.entries.size() != hosts.named.size() || hosts.entries.empty()) return std::nullopt;
    report.fault(hosts.path, 1, "no line names this host (" + described(identity) + ")",
                 "one that does, or --id or id in cluster.conf with " + choice);
    return std::nullopt;
  }
  std::string several;
  for (const core::HostEntry* entry : mine) {
    several += (several.empty() ? "" : ", ") + std::to_string(entry->id.value) + " " + entry->name;
  }
  report.fault(hosts.path, static_cast<int>(mine.back()->id.value),
               "several lines name this host (" + described(identity) + ")",
               "only one, or --id or id in cluster.conf with one of " + several);
  return std::nullopt;
}

}  // namespace cluster::config
