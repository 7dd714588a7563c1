// The core's input as text, one JSON object a line, and back: what a daemon logged in debug mode replays
// exactly in Node::start() and Node::step(). Holds node keys (public) and messages, never a passphrase.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "core/io.h"
#include "core/node.h"

namespace cluster::daemon {

// {"at":[MONO,WALL],"boot":{...}}; times in nanoseconds, bytes in hex.
std::string to_text(const Now& now, const core::Boot& boot);
// {"at":[MONO,WALL],"event":"received",...}; "more" as Node::step() was told.
std::string to_text(const Now& now, const core::Event& event, bool more = false);

struct TracedBoot {
  Now now;
  core::Boot boot;
};
struct TracedEvent {
  Now now;
  core::Event event;
  bool more = false;
};
Result<TracedBoot> boot_from_text(std::string_view text);
Result<TracedEvent> event_from_text(std::string_view text);

}  // namespace cluster::daemon
