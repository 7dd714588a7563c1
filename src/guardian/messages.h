// wire/guardian.proto as the core's own types. What does not parse or is out of range comes out as nullopt: the
// two ends are one build, so that is a bug, and ends the channel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/io.h"
#include "core/node.h"

namespace cluster::guardian {

struct Begin {
  std::vector<core::LeftService> left;
  uint64_t first_run = 1;
};

struct Settings {
  std::string service_dir;
  int verbosity = 0;
};
struct Began {};
struct Ready {};
struct Ending {};
struct Alive {};

using ToEngine = std::variant<Begin, core::ScriptEnded, core::ServiceKilled>;
using ToGuardian = std::variant<core::RunScript, core::KillScript, core::KillService, core::Guard,
                                core::Unguard, Settings, Began, Ready, Ending, Alive>;

std::string encode(const ToEngine& message);
std::string encode(const ToGuardian& message);
std::optional<ToEngine> decode_to_engine(std::string_view bytes);
std::optional<ToGuardian> decode_to_guardian(std::string_view bytes);

}  // namespace cluster::guardian
