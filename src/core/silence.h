// What people are not told of for a while, as operators want it: settings, "silence/NAME" (alerts.h).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/node_knowledge.h"

namespace cluster::core {

// Until when nothing of that subject is sent, nor what that host noticed (0: all did); not in force where that has passed.
MonoTime silent_until(const Knowledge& known, Now now, const std::string& subject, HostId from);

// An order to be silent: why not; nullopt: it can be given.
std::optional<std::pair<Refusal, std::string>> refuse_silence(const Knowledge& known,
                                                              const Command& command);
// The setting, key and value, that it becomes.
std::pair<std::string, std::string> silence(const Knowledge& known, WallTime now,
                                            const Command& command);

// All that are in force.
std::vector<SilenceView> silences(const Knowledge& known, WallTime now);

}  // namespace cluster::core
