// What may be read over HTTP, where `status_listen` says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "bus/bus.h"
#include "config/address.h"
#include "http/metrics.h"
#include "http/server.h"
#include "loop/watch.h"

namespace cluster::daemon {

// How often an address that could not be had is tried again: it may come with its interface.
inline constexpr Duration kListenAgainAfter = seconds(10);

class StatusPages {
 public:
  // All outlive it.
  StatusPages(event_base* base, bus::Cluster& cluster, const http::Tally& tally);

  // Nothing changes for addresses that stay.
  void configure(std::vector<config::PortAddress> addresses);

 private:
  void listen();
  std::string status();
  std::string metrics();

  event_base* const base_;
  bus::Cluster& cluster_;
  const http::Tally& tally_;
  const WallTime since_;
  std::vector<config::PortAddress> addresses_;
  std::string trouble_;  // of the last try
  std::unique_ptr<http::Server> server_;
  Watch again_;
};

}  // namespace cluster::daemon
