// The HTTP server: GET and HEAD, one answer a connection, on libevent's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct event_base;

namespace cluster::http {

inline constexpr size_t kMaxConnections = 16;  // who comes later waits in the backlog
inline constexpr int kSilenceSeconds = 5;  // a connection on which so long nothing moves is closed
inline constexpr int kLifeSeconds = 20;    // and any after so long
inline constexpr size_t kMaxRequestBytes = 8192;

struct Address {
  std::string ip;  // without brackets
  uint16_t port = 0;

  bool operator==(const Address&) const = default;
};

// What is answered; each is asked when a request for it comes.
struct Pages {
  std::function<std::string()> status, events;  // JSON
  std::function<std::string()> metrics;         // OpenMetrics
};

class Server {
 public:
  // `base` outlives it. Error: the address and what the system says of it.
  static Result<std::unique_ptr<Server>> listen(event_base* base,
                                                const std::vector<Address>& addresses, Pages pages);
  ~Server();

  // Where it listens: the port that the system chose, where 0 was asked for.
  std::vector<Address> addresses() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cluster::http
