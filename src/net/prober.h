// Asks addresses outside whether they are there: by ICMP echo (RFC 792, RFC 4443), or by a TCP connection where a
// port is given, which a refusal answers as well.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include "core/io.h"
#include "loop/event.h"
#include "net/dial.h"
#include "net/report.h"
#include "net/socket.h"

namespace cluster::net {

// How long an answer is waited for.
inline constexpr std::chrono::seconds kProbeTime{3};
// Under way at once; beyond, the oldest go.
inline constexpr size_t kMaxProbes = 64;

class Prober {
 public:
  // `answered` comes from the loop, once an address that answers.
  Prober(event_base* base, std::function<void()> answered, Report report)
      : base_(base), answered_(std::move(answered)), report_(std::move(report)) {}
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void perform(const core::Probe& action);

 private:
  struct Attempt {
    Prober* prober = nullptr;
    std::unique_ptr<ConnectAttempt> connecting;
    Fd echo;
    bool raw = false;
    uint16_t number = 0;
    EventPtr event;
  };
  using Attempts = std::list<Attempt>;

  void connect(const Endpoint& target);
  void ask(const Endpoint& target);
  // Empty: it is on its way.
  std::string send_echo(Attempt& attempt, const Endpoint& target);
  bool reads_answer(const Attempt& attempt) const;
  void ready(Attempt& attempt, bool in_time);
  Attempts::iterator add();
  void remove(const Attempt& attempt);

  event_base* base_;
  std::function<void()> answered_;
  Report report_;
  Attempts attempts_;  // the oldest first
  uint16_t next_number_ = 1;
  std::string told_;  // why no echo can be sent
};

}  // namespace cluster::net
