// The daemon's traced input, one JSON object a line, as a replay reads it. Each input is one line.
#include "daemon/trace.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace cluster;
  using namespace cluster::daemon;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  // What was understood is written so that it is understood again, as the same.
  if (const auto event = event_from_text(text)) {
    const std::string line = to_text(event->now, event->event);
    const auto again = event_from_text(line);
    ENSURE(line.find('\n') == std::string::npos && again.ok() &&
           to_text(again->now, again->event) == line);
  } else {
    ENSURE(!event.error().empty());
  }
  if (const auto boot = boot_from_text(text)) {
    const std::string line = to_text(boot->now, boot->boot);
    const auto again = boot_from_text(line);
    ENSURE(line.find('\n') == std::string::npos && again.ok() &&
           to_text(again->now, again->boot) == line);
  } else {
    ENSURE(!boot.error().empty());
  }
  return 0;
}
