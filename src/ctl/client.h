// clusterctl's end of the D-Bus API. Synchronous: there is one thing to do, and the user waits for it.
#pragma once

#include <systemd/sd-bus.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ctl/arguments.h"

namespace cluster::ctl {

// What did not work, and the exit code that says so.
struct Fault {
  Exit exit = kRefused;
  std::string text;  // a sentence, possibly of several lines; made safe for a terminal
};

// The text that the call returned, or empty where it returns none.
using Answer = std::variant<std::string, Fault>;

using Argument = std::variant<std::string, uint32_t, bool>;

// How long a call may take where the user has not said.
enum class Patience : uint8_t {
  kReading,  // an answer comes at once or the daemon is stuck
  kWorking,  // as long as the work takes
};

class Client {
 public:
  Client(std::string bus, std::optional<std::chrono::microseconds> timeout)
      : where_(std::move(bus)), timeout_(timeout) {}

  // A method of com.bammeson.cluster.Manager1; connects first if need be.
  Answer call(const char* method, const std::vector<Argument>& arguments, Patience patience);

  // The daemon that answered last: its unique name on the bus.
  const std::string& daemon() const { return daemon_; }

  // Every signal that the bus hands out for `rule`, until the connection closes.
  using SignalFunction = std::function<void(sd_bus_message*)>;
  std::optional<Fault> subscribe(const std::string& rule, SignalFunction function);

  // Handles what has come in, waiting for at most `wait`. False: the bus is gone, and with it the
  // subscriptions.
  bool run_once(std::chrono::microseconds wait);

  void disconnect();

 private:
  struct BusDeleter {
    void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
  };

  std::optional<Fault> connect();

  std::string where_;
  std::optional<std::chrono::microseconds> timeout_;
  std::unique_ptr<sd_bus, BusDeleter> bus_;
  std::string daemon_;
  std::vector<std::unique_ptr<SignalFunction>> functions_;
};

}  // namespace cluster::ctl
