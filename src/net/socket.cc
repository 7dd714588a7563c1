#include "net/socket.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <cerrno>
#include <cstring>

namespace cluster::net {

Endpoint::Endpoint(const sockaddr* address, socklen_t length) {
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    std::memcpy(&storage_, address, sizeof(sockaddr_in));
  } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 six{};
    std::memcpy(&six, address, sizeof six);
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
      sockaddr_in four{};
      four.sin_family = AF_INET;
      four.sin_port = six.sin6_port;
      std::memcpy(&four.sin_addr, &six.sin6_addr.s6_addr[12], sizeof four.sin_addr);
      std::memcpy(&storage_, &four, sizeof four);
    } else {
      std::memcpy(&storage_, &six, sizeof six);
    }
  }
}

std::optional<Endpoint> Endpoint::parse(const std::string& literal, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (literal.empty() || getaddrinfo(literal.c_str(), nullptr, &hints, &found) != 0 || !found)
    return std::nullopt;
  Endpoint endpoint(found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  endpoint.set_port(port);
  return endpoint;
}

Endpoint Endpoint::any(int family, uint16_t port) {
  Endpoint endpoint;
  endpoint.storage_.ss_family = static_cast<sa_family_t>(family);
  endpoint.set_port(port);
  return endpoint;
}

Endpoint Endpoint::local_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return Endpoint(reinterpret_cast<sockaddr*>(&storage), length);
}

Endpoint Endpoint::peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return Endpoint(reinterpret_cast<sockaddr*>(&storage), length);
}

uint16_t Endpoint::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  if (family() == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  return 0;
}

void Endpoint::set_port(uint16_t port) {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in*>(&storage_)->sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(&storage_)->sin6_port = htons(port);
}

bool Endpoint::is_any() const {
  if (family() == AF_INET)
    return reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr == INADDR_ANY;
  return family() != AF_INET6 ||
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr);
}

bool Endpoint::is_loopback() const {
  if (family() == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr) >> 24 == 127;
  return family() == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr);
}

bool Endpoint::is_link_local() const {
  if (family() == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr) >> 16 == 0xa9fe;
  return family() == AF_INET6 &&
         IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr);
}

socklen_t Endpoint::length() const {
  return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

std::string Endpoint::ip() const {
  char text[NI_MAXHOST] = "";
  if (family() == AF_UNSPEC ||
      getnameinfo(get(), length(), text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
    return "?";
  return text;
}

std::string Endpoint::text() const {
  const std::string number = std::to_string(port());
  return family() == AF_INET6 ? "[" + ip() + "]:" + number : ip() + ":" + number;
}

std::string Endpoint::limit_group() const {
  if (family() != AF_INET6) return ip();
  Endpoint network = *this;
  auto* six = reinterpret_cast<sockaddr_in6*>(&network.storage_);
  std::memset(&six->sin6_addr.s6_addr[8], 0, 8);
  six->sin6_scope_id = 0;
  return network.ip() + "/64";
}

Result<std::pair<Fd, Fd>> stream_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{std::string("no pair of sockets: ") + std::strerror(errno)};
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Result<Fd> open_listener(const Endpoint& at) {
  Fd fd(socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int one = 1;
  const int zero = 0;
  const auto why = [&](const char* doing) {
    return Error{"cannot " + std::string(doing) + " " + at.text() + ": " + std::strerror(errno)};
  };
  if (!fd) return why("open a socket for");
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0)
    return why("share the address");
  // The any-address of IPv6 serves IPv4 too; a specific address never does.
  if (at.family() == AF_INET6)
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, at.is_any() ? &zero : &one, sizeof one);
  // Bound without SO_REUSEPORT first, so that a second daemon on this port is an error, and not one
  // that silently gets every other connection; dials that share the port need it set on both.
  if (bind(fd.get(), at.get(), at.length()) != 0) return why("listen on");
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0)
    return why("share the port of");
  if (listen(fd.get(), kBacklogConnections) != 0) return why("listen on");
  return fd;
}

Result<std::vector<Fd>> open_listeners(const std::vector<std::string>& addresses, uint16_t port) {
  std::vector<Fd> sockets;
  if (addresses.empty()) {
    Result<Fd> both = open_listener(Endpoint::any(AF_INET6, port));
    if (!both) both = open_listener(Endpoint::any(AF_INET, port));
    if (!both) return Error{both.error()};
    sockets.push_back(std::move(*both));
  }
  for (const std::string& address : addresses) {
    const std::optional<Endpoint> endpoint = Endpoint::parse(address, port);
    if (!endpoint) return Error{"cannot listen on \"" + address + "\": not an IP address"};
    Result<Fd> socket = open_listener(*endpoint);
    if (!socket) return Error{socket.error()};
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

}  // namespace cluster::net
