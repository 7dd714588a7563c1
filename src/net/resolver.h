// Names to addresses: literals at once, DNS names on threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "net/background.h"
#include "net/socket.h"

namespace cluster::net {

inline constexpr size_t kMaxAddressesPerName = 8;
inline constexpr size_t kResolverThreads = 4;

class Resolver {
 public:
  struct Answer {
    std::vector<Endpoint> addresses;  // each once, at most kMaxAddressesPerName
    std::string error;                // where there are none
  };
  // From the loop, or from within resolve() where the name is a literal or nothing can be tried.
  using Done = std::function<void(const Answer&)>;

  explicit Resolver(event_base* base) : background_(base, kResolverThreads) {}

  // Asks anew each time, but one lookup a name at a time: later ones share its answer. A resolver that
  // hangs delays `done` for as long; the caller has its own limit and forgets it then by `asker`.
  void resolve(DialId asker, const std::string& name, uint16_t port, Done done);
  void forget(DialId asker);

 private:
  struct Waiting {
    DialId asker;
    uint16_t port;
    Done done;
  };

  void answered(const std::string& name, Answer answer);

  std::map<std::string, std::vector<Waiting>> waiting_;
  Background background_;
};

}  // namespace cluster::net
