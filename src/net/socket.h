// File descriptors and addresses as values, and the one way to open a listening socket.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "posix/fd.h"

namespace cluster::net {

// Room in the kernel for who connects while the loop is busy; strangers are accepted and dropped rather
// than left there.
inline constexpr int kBacklogConnections = 1024;

// Owns a file descriptor; -1 is none.
// An IPv4 or IPv6 address with port. An IPv4 address mapped into IPv6 is always held as IPv4.
class Endpoint {
 public:
  Endpoint() = default;
  Endpoint(const sockaddr* address, socklen_t length);

  // An IP literal ("192.0.2.1", "2001:db8::1", "fe80::1%eth0"; no brackets); nullopt if it is none.
  static std::optional<Endpoint> parse(const std::string& literal, uint16_t port);
  static Endpoint any(int family, uint16_t port);
  static Endpoint local_of(int fd);
  static Endpoint peer_of(int fd);

  int family() const { return storage_.ss_family; }
  uint16_t port() const;
  void set_port(uint16_t port);
  bool is_any() const;
  bool is_loopback() const;
  bool is_link_local() const;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const;

  std::string text() const;  // "IP:PORT" or "[IP]:PORT"
  std::string ip() const;    // without port and brackets
  std::string limit_group()
      const;  // what the limits on strangers count as one: an IPv4, an IPv6 /64

  bool operator==(const Endpoint& other) const { return text() == other.text(); }

 private:
  sockaddr_storage storage_{};
};

// Two connected ends within this machine, non-blocking and close-on-exec.
Result<std::pair<Fd, Fd>> stream_pair();

// Non-blocking, close-on-exec, SO_REUSEADDR and SO_REUSEPORT (dials may leave from the same port).
Result<Fd> open_listener(const Endpoint& at);

// One socket an address (IP literals without brackets); with no addresses one on all of IPv6 and
// IPv4, or of IPv4 alone where there is no IPv6. The process that calls it may pass the descriptors
// on to another, which gives them to Transport::listen.
Result<std::vector<Fd>> open_listeners(const std::vector<std::string>& addresses, uint16_t port);

}  // namespace cluster::net
