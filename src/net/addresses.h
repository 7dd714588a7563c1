// The machine's own addresses, and a word when they change.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/report.h"
#include "net/socket.h"

struct event_base;
struct event;

namespace cluster::net {

// IP literals of all interfaces that are up, sorted, each once; loopback ones only if there are no
// others; no link-local ones, since they mean nothing elsewhere.
std::vector<std::string> local_addresses();

// Calls back on the loop when the list has changed; a burst of changes gives one call, kSettle after
// it began. Without netlink it looks every kPollInterval.
class AddressWatch {
 public:
  static constexpr int kSettleMs = 200;
  static constexpr int kPollIntervalMs = 30'000;

  AddressWatch(event_base* base, std::function<void(std::vector<std::string>)> changed, Report report);
  ~AddressWatch();
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;

 private:
  void readable();
  void look();

  std::function<void(std::vector<std::string>)> changed_;
  std::vector<std::string> known_;
  Fd netlink_;
  event* read_ = nullptr;
  event* timer_ = nullptr;
  bool pending_ = false;
};

}  // namespace cluster::net
