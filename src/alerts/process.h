// One program that tells people: in a session of its own, with all of its input at once, for a bounded time.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "loop/event.h"
#include "posix/fd.h"

namespace cluster::alerts {

// What a pipe holds in any case: more is no input.
inline constexpr size_t kMaxInputBytes = 32 << 10;
// What is kept of its output, for the case that it fails.
inline constexpr size_t kMaxOutputBytes = 256;

struct Program {
  std::vector<std::string> words;                                // the path and the arguments
  std::vector<std::pair<std::string, std::string>> environment;  // besides what is inherited
  std::string input;                                             // at most kMaxInputBytes
};

class Process {
 public:
  // Called once, with why it failed (one line; empty: it did not), unless start() or the Process has gone before.
  using Done = std::function<void(const std::string& why)>;

  Process(event_base* base, Done done);
  // Kills it with its group, where it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Empty, or why it could not be started: `done` is not called then. It is killed with its group after `timeout`.
  std::string start(const Program& program, Duration timeout);

 private:
  void read_output();
  void ended();
  void late();
  void kill_group();
  void finish(const std::string& why);

  event_base* base_;
  Done done_;
  pid_t pid_ = -1;
  Fd pidfd_, output_;
  bool late_ = false;
  Duration timeout_{};
  std::string said_;
  EventPtr exit_event_, output_event_, timer_;
};

}  // namespace cluster::alerts
