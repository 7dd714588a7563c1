// Events and actions as text for people, and as digests by which two runs are compared.
#pragma once

#include <string>

#include "base/digest.h"
#include "core/io.h"
#include "tests/sim/watcher.h"

namespace cluster::sim {

std::string describe(const core::Event& event);
std::string describe(const core::Action& action);
std::string describe_message(const std::string& bytes);
const char* to_string(core::Verb verb);
const char* to_string(Life life);
std::string to_string(const core::ScriptEnded& end);

// What a script is told: a variable of its environment, or nothing; and its epoch.
std::string value_of(const core::RunScript& run, const std::string& name);
uint64_t epoch_of(const core::RunScript& run);

void mix(Digest& digest, const core::Event& event);
void mix(Digest& digest, const core::Action& action);

}  // namespace cluster::sim
