// Ways through routers: when two dynamic hosts connect to each other at once, each from the port that it listens on
// to where a third sees the other, so that each one's router takes the other's connection for an answer (TCP
// simultaneous open, RFC 9293 3.5; hole punching, RFC 5128 3.4).
//
// Measured on the public internet 97.6% of what succeeds does so at the first try; after a few a pair is joined through
// others, and tries only now and then, until one of the two is seen elsewhere. A router may answer with a reset what
// it does not expect, so within a try a refusal means "again soon".
#pragma once

#include <map>
#include <string>

#include "core/context.h"

namespace cluster::core {

// How long a plain dial may take before both ends dial.
inline constexpr Duration kOpeningAfter = milliseconds(500);
// A try: so long both ends dial, again and again.
inline constexpr Duration kOpeningTime = seconds(2);
inline constexpr uint32_t kQuickOpenings = 3;
// Between later tries: what kept them apart may have been no router.
inline constexpr Duration kOpeningAgain = minutes(2);

class Openings {
 public:
  // Where both ends are seen. When that is news all begins anew: true.
  bool seen(HostId host, const std::string& whereabouts);
  void forget(HostId host) { hosts_.erase(host); }

  // Whether both ends dial now; until when they do, or did.
  bool open(HostId host, MonoTime now) const { return now < open_until(host); }
  MonoTime open_until(HostId host) const;
  // When this end may ask the other for the next try; kNever: it was never seen.
  MonoTime next_ask(HostId host) const;
  // A try begins; `pause` is between its end and the next, where that is a quick one.
  void begin(HostId host, MonoTime now, Duration pause);

 private:
  struct State {
    std::string whereabouts;
    uint32_t tries = 0;
    MonoTime until;
    MonoTime not_before;
  };

  std::map<HostId, State> hosts_;
};

}  // namespace cluster::core
