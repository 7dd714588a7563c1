#include "guardian/messages.h"

#include <utility>

#include "wire/guardian.pb.h"

namespace cluster::guardian {

namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

int64_t to_ns(MonoTime time) { return time.time_since_epoch().count(); }
MonoTime from_ns(int64_t ns) { return MonoTime(Duration(ns)); }

std::optional<core::Script> script_of(uint32_t value) {
  if (value > static_cast<uint32_t>(core::Script::kStatus)) return std::nullopt;
  return static_cast<core::Script>(value);
}

std::optional<core::ScriptEnd> end_of(uint32_t value) {
  if (value > static_cast<uint32_t>(core::ScriptEnd::kNotStarted)) return std::nullopt;
  return static_cast<core::ScriptEnd>(value);
}

template <class Message>
void put(const Environment& environment, Message& to) {
  for (const auto& [name, value] : environment) {
    auto& variable = *to.add_environment();
    variable.set_name(name);
    variable.set_value(value);
  }
}

template <class Message>
Environment environment_of(const Message& from) {
  Environment out;
  for (const auto& variable : from.environment())
    out.emplace_back(variable.name(), variable.value());
  return out;
}

struct EngineWriter {
  wire::ToEngine& out;

  void operator()(const Begin& m) const {
    auto& begin = *out.mutable_begin();
    begin.set_first_run(m.first_run);
    for (const core::LeftService& left : m.left) {
      auto& to = *begin.add_left();
      to.set_service(left.service);
      to.set_epoch(left.epoch);
      to.set_newest(static_cast<uint32_t>(left.newest));
      to.set_runs(!left.how);
      if (left.how) to.set_how(static_cast<uint32_t>(*left.how));
      to.set_code(left.code);
      to.set_run(left.run.value);
      to.set_dying(left.dying);
      to.set_killed(left.killed);
      to.set_stop_at(to_ns(left.stop_at));
      to.set_kill_at(to_ns(left.kill_at));
    }
  }
  void operator()(const core::ScriptEnded& m) const {
    auto& ended = *out.mutable_script_ended();
    ended.set_run(m.run.value);
    ended.set_how(static_cast<uint32_t>(m.how));
    ended.set_code(m.code);
  }
  void operator()(const core::ServiceKilled& m) const {
    auto& killed = *out.mutable_service_killed();
    killed.set_service(m.service);
    killed.set_all(m.all);
  }
};

struct GuardianWriter {
  wire::ToGuardian& out;

  void operator()(const core::RunScript& m) const {
    auto& run = *out.mutable_run_script();
    run.set_run(m.run.value);
    run.set_service(m.service);
    run.set_script(static_cast<uint32_t>(m.script));
    put(m.environment, run);
  }
  void operator()(const core::KillScript& m) const {
    out.mutable_kill_script()->set_run(m.run.value);
  }
  void operator()(const core::KillService& m) const {
    out.mutable_kill_service()->set_service(m.service);
  }
  void operator()(const core::Guard& m) const {
    auto& guard = *out.mutable_guard();
    guard.set_service(m.service);
    guard.set_stop_at(to_ns(m.stop_at));
    guard.set_kill_at(to_ns(m.kill_at));
    guard.set_epoch(m.epoch);
    guard.set_lease(m.lease);
    guard.set_runs(m.runs);
    put(m.environment, guard);
  }
  void operator()(const core::Unguard& m) const { out.mutable_unguard()->set_service(m.service); }
  void operator()(const Settings& m) const {
    out.mutable_settings()->set_service_dir(m.service_dir);
    out.mutable_settings()->set_verbosity(m.verbosity);
  }
  void operator()(const Began&) const { out.mutable_began(); }
  void operator()(const Ready&) const { out.mutable_ready(); }
  void operator()(const Ending&) const { out.mutable_ending(); }
  void operator()(const Alive&) const { out.mutable_alive(); }
};

std::optional<Begin> read(const wire::ToEngine::Begin& from) {
  Begin begin{{}, from.first_run()};
  for (const auto& entry : from.left()) {
    const auto newest = script_of(entry.newest());
    const auto how = end_of(entry.how());
    if (!newest || !how) return std::nullopt;
    core::LeftService& left = begin.left.emplace_back();
    left.service = entry.service();
    left.epoch = entry.epoch();
    left.newest = *newest;
    if (!entry.runs()) left.how = how;
    left.code = entry.code();
    left.run = RunId(entry.run());
    left.dying = entry.dying();
    left.killed = entry.killed();
    left.stop_at = from_ns(entry.stop_at());
    left.kill_at = from_ns(entry.kill_at());
  }
  return begin;
}

}  // namespace

std::string encode(const ToEngine& message) {
  wire::ToEngine out;
  std::visit(EngineWriter{out}, message);
  return out.SerializeAsString();
}

std::string encode(const ToGuardian& message) {
  wire::ToGuardian out;
  std::visit(GuardianWriter{out}, message);
  return out.SerializeAsString();
}

std::optional<ToEngine> decode_to_engine(std::string_view bytes) {
  wire::ToEngine in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  switch (in.body_case()) {
    case wire::ToEngine::kBegin: return read(in.begin());
    case wire::ToEngine::kScriptEnded: {
      const auto& ended = in.script_ended();
      const auto how = end_of(ended.how());
      if (!how) return std::nullopt;
      return core::ScriptEnded{RunId(ended.run()), *how, ended.code()};
    }
    case wire::ToEngine::kServiceKilled:
      return core::ServiceKilled{in.service_killed().service(), in.service_killed().all()};
    case wire::ToEngine::BODY_NOT_SET: break;
  }
  return std::nullopt;
}

std::optional<ToGuardian> decode_to_guardian(std::string_view bytes) {
  wire::ToGuardian in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  switch (in.body_case()) {
    case wire::ToGuardian::kRunScript: {
      const auto& run = in.run_script();
      const auto script = script_of(run.script());
      if (!script) return std::nullopt;
      return core::RunScript{RunId(run.run()), run.service(), *script, environment_of(run)};
    }
    case wire::ToGuardian::kKillScript: return core::KillScript{RunId(in.kill_script().run())};
    case wire::ToGuardian::kKillService: return core::KillService{in.kill_service().service()};
    case wire::ToGuardian::kGuard: {
      const auto& guard = in.guard();
      return core::Guard{guard.service(),
                         from_ns(guard.stop_at()),
                         from_ns(guard.kill_at()),
                         guard.epoch(),
                         guard.lease(),
                         guard.runs(),
                         environment_of(guard)};
    }
    case wire::ToGuardian::kUnguard: return core::Unguard{in.unguard().service()};
    case wire::ToGuardian::kSettings:
      return Settings{in.settings().service_dir(), in.settings().verbosity()};
    case wire::ToGuardian::kBegan: return Began{};
    case wire::ToGuardian::kReady: return Ready{};
    case wire::ToGuardian::kEnding: return Ending{};
    case wire::ToGuardian::kAlive: return Alive{};
    case wire::ToGuardian::BODY_NOT_SET: break;
  }
  return std::nullopt;
}

}  // namespace cluster::guardian
