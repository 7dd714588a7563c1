#include "tests/sim/trace.h"

#include <cstdio>
#include <variant>

#include "tests/sim/describe.h"
#include "tests/sim/wire.h"

namespace cluster::sim {

namespace {

bool dull(const core::Action& action) {
  if (const auto* send = std::get_if<core::Send>(&action))
    return kind_of(send->bytes) == MessageKind::kBeat;
  return std::holds_alternative<core::Wake>(action);
}

bool dull(const core::Event& event) {
  if (const auto* received = std::get_if<core::Received>(&event))
    return kind_of(received->bytes) == MessageKind::kBeat;
  return std::holds_alternative<core::Tick>(event);
}

}  // namespace

void Trace::tell(const std::string& who, const std::string& what) {
  std::printf("%12.6f %-4s %s\n", to_seconds(world_.now()), who.c_str(), what.c_str());
}

void Trace::stepping(Machine& machine, const core::Event* event) {
  ++steps_;
  digest_.add(static_cast<uint64_t>(world_.now().count())).add(uint64_t{machine.index()});
  if (event == nullptr) return;
  mix(digest_, *event);
  if (told_ && !dull(*event)) tell(machine.name(), "< " + describe(*event));
}

void Trace::stepped(Machine& machine, const core::Event*, const core::Actions& out) {
  for (const core::Action& action : out) {
    mix(digest_, action);
    if (told_ && !dull(action)) tell(machine.name(), "> " + describe(action));
  }
}

void Trace::script_begins(Machine& machine, const core::RunScript& run) {
  if (told_ && run.script != core::Script::kStatus)
    tell(machine.name(), std::string("* ") + to_string(run.script) + " " + run.service + " begins");
}

void Trace::script_ended(Machine& machine, const std::string& service, core::Script script,
                         const core::ScriptEnded& end) {
  if (told_ && script != core::Script::kStatus)
    tell(machine.name(),
         std::string("* ") + to_string(script) + " " + service + " ends: " + to_string(end));
}

void Trace::copies_changed(Machine& machine, const std::string& service) {
  const Scripts::Copy& copy = machine.scripts().copy(service);
  digest_.add(service).add(uint64_t{copy.alive});
  if (told_)
    tell(machine.name(), "* copy of " + service + (copy.alive ? " is alive" : " is no more") +
                             (copy.unstoppable ? ", and cannot be stopped" : ""));
}

void Trace::lived(Machine& machine, Life life) {
  digest_.add(uint64_t{machine.index()}).add(static_cast<uint64_t>(life));
  if (told_) tell(machine.name(), std::string("# ") + to_string(life));
}

void Trace::noted(const std::string& text) {
  digest_.add(text);
  if (told_) tell("----", text);
}

}  // namespace cluster::sim
