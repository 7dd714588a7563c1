// Opens a connection to a bus on a thread of its own, because the library's handshake waits for the bus,
// and a bus may hang. One Connector is one attempt.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bus/compat.h"
#include "bus/pump.h"

namespace cluster::bus {

// A connection whose handshake is done. `driver` speaks to the bus itself (org.freedesktop.DBus) and is
// subscribed to NameAcquired and NameLost; what it hears goes to `names->changed`, to be set before the
// first message is handled.
// Members are destroyed from the last to the first, so assign to an empty one only.
struct Connected {
  struct NameEvents {
    std::function<void(bool ours)> changed;  // of kBusName only
  };
  std::unique_ptr<NameEvents> names;
  std::unique_ptr<sdbus::IConnection> connection;
  std::unique_ptr<sdbus::IProxy> driver;
};

class Connector {
 public:
  // `done` is called once, from the loop: with a connection, or with none and why. Destroying the
  // Connector gives the attempt up without waiting for it; its thread cleans up after itself.
  using Done = std::function<void(Connected connected, const std::string& error)>;
  Connector(event_base* base, const std::string& where, Done done);
  ~Connector();

 private:
  struct Shared;
  void finished();

  Done done_;
  std::shared_ptr<Shared> shared_;
  EventPtr event_;
};

// Closes it; where that might wait for a hung bus, on a thread that nobody waits for.
void dispose(Connected connected, bool may_block);

inline constexpr const char* kBusName = "com.bammeson.cluster";
inline constexpr const char* kDriverName = "org.freedesktop.DBus";
inline constexpr const char* kDriverPath = "/org/freedesktop/DBus";

}  // namespace cluster::bus
