// The machine's own addresses, and a word when they change.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "loop/event.h"
#include "net/report.h"
#include "net/socket.h"

namespace cluster::net {

// IP literals of all interfaces that are up, sorted, each once; loopback ones only if there are no
// others; no link-local ones, since they mean nothing elsewhere.
std::vector<std::string> local_addresses();

// Calls back on the loop when the list has changed; a burst of changes gives one call, kSettle after
// it began. Without netlink it looks every kPollInterval. Dropping it ends it.
class AddressWatch {
 public:
  static constexpr std::chrono::milliseconds kSettle{200};
  static constexpr std::chrono::milliseconds kPollInterval{30'000};
  static constexpr int kReadsPerTurn = 64;

  AddressWatch(event_base* base, std::function<void(std::vector<std::string>)> changed,
               const Report& report);
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;

 private:
  void drain();
  void arm(std::chrono::milliseconds after);
  void look();

  std::function<void(std::vector<std::string>)> changed_;
  std::vector<std::string> known_;
  Fd netlink_;
  EventPtr readable_;
  EventPtr timer_;
};

}  // namespace cluster::net
