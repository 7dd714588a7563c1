// When to dial which host of the hosts file: at once after a link was lost, then with growing, jittered
// pauses, counted from the beginning of the dial before: of at most half the dead time where that was refused.
//
// A host that is silent is dialled anew each beat, sooner than the kernel, which repeats itself after a second, would
// find that it is back. Every eighth dial is patient, as the way to it may take longer by now.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/context.h"

namespace cluster::core {

// Where a host may be found now.
struct DialTarget {
  std::string address;
  uint16_t port = 0;
  bool own = false;  // an address that is that host's own: a refusal there means that it is down
};

class Dialer {
 public:
  void configure(Duration beat_interval, Duration dead_time);

  bool dialling(HostId host) const;
  // The host's dial with this number; nullopt: not (or no longer) ours.
  std::optional<HostId> host_of(DialId dial) const;
  const DialTarget* target_of(DialId dial) const;
  const DialTarget* target_of(HostId host) const;  // null: it is not being dialled

  // Dials now if the pause is over. The caller has made sure that there is no link.
  void dial_if_due(Context& context, HostId host, const DialTarget& target);
  MonoTime due_at(HostId host) const;
  // When the dial that is under way began; kNever: there is none.
  MonoTime began(HostId host) const;
  // Since the last link, or reason to try at once.
  uint32_t failures(HostId host) const;

  void linked(HostId host);                                  // its dial is over, pauses start anew
  void link_lost(HostId host, std::optional<Duration> rtt);  // it is dialled at once
  // The next pause begins, of at most half the dead time, or a beat where the host was silent.
  void failed(Context& context, HostId host);
  void failed(Context& context, HostId host, Duration longest);
  void again_at(HostId host, MonoTime at);  // its dial is over; the next is not before that
  void at_once(HostId host);                // forget the pause
  void hold(HostId host, MonoTime until);   // no dial before that, where none was tried yet
  void cancel(Context& context, HostId host);
  void forget(Context& context, HostId host);  // it is no longer in the hosts file

 private:
  struct State {
    DialId dial;
    DialTarget target;
    MonoTime began;
    MonoTime not_before;  // zero: at once
    uint32_t failures = 0;
    std::optional<Duration> rtt;  // of the link before
  };

  Duration patience(const State& state) const;

  std::map<HostId, State> hosts_;
  Duration beat_ = seconds(1);
  Duration dead_ = seconds(5);
  uint64_t next_dial_ = 1;
};

// "IP:PORT" or "[IP]:PORT" taken apart; nullopt where it is neither.
std::optional<DialTarget> parse_address(const std::string& text);

}  // namespace cluster::core
