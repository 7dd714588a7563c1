// The reading end of one run's pipe: from the script's first byte until nobody holds the pipe any more,
// which may be long after the script has ended.
//
// A flood is throttled, not chased: while the service's budget is exhausted the pipe is read only every
// kThrottle, so a script that prints without end costs little of our time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/io.h"
#include "loop/event.h"
#include "posix/fd.h"
#include "scripts/line_cutter.h"
#include "scripts/runner.h"

namespace cluster::scripts {

inline constexpr size_t kReadBytesPerTurn = 64 * 1024;
inline constexpr size_t kFloodBytesPerTurn = 1 << 20;  // also the pipe's size then, where allowed
inline constexpr Duration kThrottle = milliseconds(10);

class OutputReader {
 public:
  // `fd` does not block. `closed` comes once, from the loop, when the stream has ended; the reader
  // may be destroyed in it.
  OutputReader(event_base* base, Fd fd, std::string service, core::Script script,
               std::shared_ptr<OutputBudget> budget, std::function<void(Line)> line,
               std::function<void()> closed);
  OutputReader(const OutputReader&) = delete;
  OutputReader& operator=(const OutputReader&) = delete;

  // Reads what is there now, within the bounds above. False: the stream has ended.
  bool drain();

  const std::string& service() const { return service_; }

 private:
  void on_readable();
  void on_timer();
  void end();
  void say(std::string text, bool notice);

  const Fd fd_;
  const std::string service_;
  const core::Script script_;
  const std::shared_ptr<OutputBudget> budget_;
  const std::function<void(Line)> line_;
  const std::function<void()> closed_;
  LineCutter cutter_;
  bool flooded_ = false;
  EventPtr readable_;
  EventPtr timer_;
};

}  // namespace cluster::scripts
