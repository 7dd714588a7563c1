// Calls on the bus that wait for the cluster to be done. An answer may come when the caller is long gone
// (the bus drops it) or when the connection is (then nobody holds the Pending any more).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "bus/bus.h"
#include "bus/compat.h"

namespace cluster::bus {

class Pending : public std::enable_shared_from_this<Pending> {
 public:
  // `sent` is called after each answer, so that the loop looks after what could not be written at once.
  explicit Pending(std::function<void()> sent) : sent_(std::move(sent)) {}

  // Throws sdbus::Error where too many wait already.
  // The call returns the answer's text, or nothing.
  enum class Returns : uint8_t { kNothing, kText };
  CommandDone await_command(sdbus::MethodCall call, Returns returns = Returns::kNothing);
  ReloadDone await_reload(sdbus::MethodCall call);
  FileDone await_files(sdbus::MethodCall call, Returns returns);

  size_t size() const { return calls_.size(); }

 private:
  uint64_t add(sdbus::MethodCall call);
  void answer(uint64_t id, const std::string& error_name, const std::string& text,
              Returns returns = Returns::kNothing);

  std::function<void()> sent_;
  uint64_t next_ = 1;
  std::map<uint64_t, sdbus::MethodCall> calls_;
};

}  // namespace cluster::bus
