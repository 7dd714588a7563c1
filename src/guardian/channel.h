// One end of the stream between guardian and engine: whole frames in both directions, in order, and never waiting.
//
// The other end may stand still: what it does not read is kept, up to a bound, beyond which it is given up.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "loop/watch.h"
#include "net/socket.h"
#include "posix/fd.h"

namespace cluster::guardian {

inline constexpr size_t kMaxQueuedBytes = 4 << 20;

class Channel {
 public:
  // `received` is called for each frame, also from inside drain(). `closed` is called once, from the loop: the other
  // end is gone, or no longer to be understood; nothing is received or sent from then on. The channel may be
  // destroyed in `closed`, and not in `received`.
  Channel(event_base* base, Fd fd, std::function<void(std::string_view)> received,
          std::function<void(const std::string& why)> closed);

  void send(const std::string& payload);

  // Takes what has come so far.
  void drain();

 private:
  void on_writable();
  void write_some();
  void fail(std::string why);

  const Fd fd_;
  const std::function<void(std::string_view)> received_;
  const std::function<void(const std::string&)> closed_;
  std::string in_, out_;
  bool failed_ = false;
  std::string why_;
  Watch readable_, writable_, failure_;
};

// The first frame, waited for: before there is a loop. nullopt: none within the time.
std::optional<std::string> read_frame(int fd, Duration patience);

}  // namespace cluster::guardian
