// The named errors of the D-Bus API: com.bammeson.cluster.Error.*
#pragma once

#include <string>
#include <string_view>

#include "core/io.h"

namespace cluster::bus {

inline constexpr std::string_view kErrorPrefix = "com.bammeson.cluster.Error.";

// Refusals that the daemon's face gives itself, before the core is asked.
inline constexpr const char* kInvalidArgs = "com.bammeson.cluster.Error.InvalidArgs";
inline constexpr const char* kInvalidConfig = "com.bammeson.cluster.Error.InvalidConfig";
inline constexpr const char* kUnknownFile = "com.bammeson.cluster.Error.UnknownFile";
inline constexpr const char* kUnknownRoot = "com.bammeson.cluster.Error.UnknownRoot";

// Of every refusal but kNone.
std::string error_name(core::Refusal refusal);

}  // namespace cluster::bus
