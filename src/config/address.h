// Names and addresses as the configuration may hold them. Nothing is resolved.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/config.h"

namespace cluster::config {

inline constexpr uint16_t kDefaultPort = 35790;
inline constexpr size_t kMaxHostNameBytes = 253;  // RFC 1035 without the root's dot

// One form for one address, so that equal ones compare equal: IPv6 as RFC 5952 has it, without
// brackets; empty where `text` is no IP address. A zone ("%eth0") stays.
std::string canonical_ip(std::string_view text);

// Letters, digits, '-' and '_' in labels of 1 to 63, split by dots; not one that looks like an IPv4
// address.
bool is_host_name(std::string_view text);

struct HostAddress {
  std::string name;     // without port, as written
  std::string address;  // without port and brackets
  uint16_t port = kDefaultPort;
};

// "ADDRESS[:PORT]" of a hosts line. Error: "WHAT IS WRONG; expected WHAT", as a Report takes it.
Result<HostAddress> parse_host_address(std::string_view text);

// An address to listen on: IPv4 or IPv6, in brackets or not; without brackets in the result.
Result<std::string> parse_listen_address(std::string_view text);

struct PortAddress {
  std::string ip;  // canonical
  uint16_t port = 0;

  bool operator==(const PortAddress&) const = default;
};

// An address and a port to listen on: IPV4:PORT or [IPV6]:PORT.
Result<PortAddress> parse_status_listen(std::string_view text);

// An address to ask whether it is there: IPv4 or IPv6, with a port for TCP or without for ICMP.
Result<core::ProbeTarget> parse_probe_target(std::string_view text);

// For comparing names of hosts: small letters (ASCII), without the root's dot; IP addresses
// canonical.
std::string comparable_name(std::string_view name);

// 127.0.0.0/8 and ::1.
bool is_loopback(std::string_view canonical_ip);

}  // namespace cluster::config
