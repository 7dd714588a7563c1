#include "config/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <optional>

#include "config/fault.h"
#include "config/values.h"

namespace cluster::config {

namespace {

constexpr uint64_t kMaxPort = 65535;
constexpr size_t kMaxLabelBytes = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string small(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Error wrong(const std::string& what, const std::string& expected) {
  return Error{what + "; expected " + expected};
}

enum class Use { kReach, kListen };

// nullopt: fit for that use.
std::optional<std::string> unfit(const std::string& canonical, Use use) {
  in_addr v4{};
  if (::inet_pton(AF_INET, canonical.c_str(), &v4) == 1) {
    const uint32_t bits = ntohl(v4.s_addr);
    if (IN_MULTICAST(bits) || bits == INADDR_BROADCAST) return "a multicast or broadcast address";
    if (use == Use::kReach && bits == INADDR_ANY) return "the address of no host";
    return std::nullopt;
  }
  in6_addr v6{};
  const std::string plain = canonical.substr(0, canonical.find('%'));
  if (::inet_pton(AF_INET6, plain.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_MULTICAST(&v6)) return "a multicast address";
    if (use == Use::kReach && IN6_IS_ADDR_UNSPECIFIED(&v6)) return "the address of no host";
  }
  return std::nullopt;
}

bool looks_like_ipv4(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
}

}  // namespace

std::string canonical_ip(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return {};  // inet_pton would stop there
  const size_t percent = text.find('%');
  const std::string_view zone = percent == std::string_view::npos ? "" : text.substr(percent + 1);
  const std::string plain(text.substr(0, percent));
  std::array<char, INET6_ADDRSTRLEN> out{};
  in_addr v4{};
  if (percent == std::string_view::npos && ::inet_pton(AF_INET, plain.c_str(), &v4) == 1) {
    return ::inet_ntop(AF_INET, &v4, out.data(), out.size());
  }
  in6_addr v6{};
  if (::inet_pton(AF_INET6, plain.c_str(), &v6) != 1) return {};
  std::string address = ::inet_ntop(AF_INET6, &v6, out.data(), out.size());
  if (percent == std::string_view::npos) return address;
  const bool sound = !zone.empty() && std::all_of(zone.begin(), zone.end(), [](char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
  });
  return sound ? address + "%" + std::string(zone) : std::string();
}

bool is_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxHostNameBytes || looks_like_ipv4(text)) return false;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > kMaxLabelBytes) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alnum(c) || c == '-' || c == '_'; })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

Result<HostAddress> parse_host_address(std::string_view text) {
  HostAddress out;
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) {
      return wrong("the address " + in_quotes(text) + " has no closing bracket",
                   "[IPv6] or [IPv6]:PORT");
    }
    out.name = text.substr(0, close + 1);
    out.address = canonical_ip(text.substr(1, close - 1));
    if (out.address.find(':') == std::string::npos) {
      return wrong(in_quotes(out.name) + " is no IPv6 address", "an IPv6 address in the brackets");
    }
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':') {
      return wrong("after " + in_quotes(out.name) + " comes " + in_quotes(port),
                   "':' and a port, or a blank");
    }
  } else {
    if (std::count(text.begin(), text.end(), ':') > 1) {
      return wrong(canonical_ip(text).empty()
                       ? in_quotes(text) + " has more than one colon"
                       : "the IPv6 address " + in_quotes(text) + " has no brackets",
                   "an IPv6 address as [ADDRESS] or [ADDRESS]:PORT");
    }
    const size_t colon = text.find(':');
    out.name = text.substr(0, colon);
    out.address = out.name;
    if (colon != std::string_view::npos) port = text.substr(colon);
    if (canonical_ip(out.name).empty() && !is_host_name(out.name)) {
      return wrong(in_quotes(out.name) + " is no address",
                   "a host name, an IPv4 address or [IPv6]");
    }
  }
  if (const auto why = unfit(out.address, Use::kReach)) {
    return wrong(in_quotes(out.name) + " is " + *why,
                 "an address at which the host can be reached");
  }
  if (!port.empty()) {
    const auto number = parse_number(port.substr(1), kMaxPort);
    if (!number || *number == 0) {
      return wrong("the port is " + in_quotes(port.substr(1)), "a whole number from 1 to 65535");
    }
    out.port = static_cast<uint16_t>(*number);
  }
  return out;
}

Result<std::string> parse_listen_address(std::string_view text) {
  std::string_view plain = text;
  const bool brackets = plain.starts_with('[') && plain.ends_with(']');
  if (brackets) plain = plain.substr(1, plain.size() - 2);
  const std::string address = canonical_ip(plain);
  if (address.empty() || (brackets && address.find(':') == std::string::npos)) {
    return wrong("listen names " + in_quotes(text),
                 "an IPv4 or IPv6 address of this host, without port");
  }
  if (const auto why = unfit(address, Use::kListen)) {
    return wrong("listen names " + in_quotes(text) + ", " + *why, "an address of this host");
  }
  return address;
}

// Without the network no name would be found.
Result<PortAddress> parse_status_listen(std::string_view text) {
  const auto split = parse_host_address(text);
  PortAddress out;
  if (split && canonical_ip(text).empty() && split->name.size() < text.size())
    out = {canonical_ip(split->address), split->port};
  if (out.ip.empty())
    return wrong("status_listen names " + in_quotes(text),
                 "an address of this host and a port: IPV4:PORT or [IPV6]:PORT");
  if (const auto why = unfit(out.ip, Use::kListen))
    return wrong("status_listen names " + in_quotes(text) + ", " + *why, "an address of this host");
  return out;
}

Result<core::ProbeTarget> parse_probe_target(std::string_view text) {
  core::ProbeTarget out;
  if (out.address = canonical_ip(text); out.address.empty()) {
    auto split = parse_host_address(text);
    if (split) out.address = canonical_ip(split->address);
    if (out.address.empty())
      return wrong("probe names " + in_quotes(text),
                   "an IPv4 or IPv6 address, with a port or without: ADDRESS, IPV4:PORT or "
                   "[IPV6]:PORT");
    if (split->name.size() < text.size()) out.port = split->port;
  }
  if (is_loopback(out.address))
    return wrong("probe names " + in_quotes(text) + ", which is this host itself",
                 "an address outside this host");
  if (const auto why = unfit(out.address, Use::kReach))
    return wrong("probe names " + in_quotes(text) + ", " + *why, "an address outside this host");
  return out;
}

std::string comparable_name(std::string_view name) {
  std::string_view plain = name;
  if (plain.starts_with('[') && plain.ends_with(']')) plain = plain.substr(1, plain.size() - 2);
  if (std::string ip = canonical_ip(plain); !ip.empty()) return ip;
  if (name.ends_with('.')) name.remove_suffix(1);
  return small(name);
}

bool is_loopback(std::string_view canonical_ip) {
  return canonical_ip == "::1" ||
         (canonical_ip.starts_with("127.") && looks_like_ipv4(canonical_ip));
}

}  // namespace cluster::config
