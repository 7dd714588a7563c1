#include "agents/ocf.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "agents/say.h"
#include "base/ensure.h"
#include "base/join.h"
#include "posix/fd.h"

extern char** environ;

namespace cluster::agents {

namespace {

enum Code : int {
  kSuccess = 0,
  kGeneric = 1,
  kNotRunning = 7,
  kRunningPromoted = 8,
};
constexpr std::array kMeanings = {
    "success",        "error",          "invalid argument", "unimplemented feature",
    "lack of rights", "not installed",  "not configured",   "not running",
    "promoted",       "failed promoted"};
constexpr size_t kMaxMetaDataBytes = 1024 * 1024;

// -1, and the errno: it could not be executed. `output`: what its stdout is; -1: ours.
pid_t spawn(const std::string& path, const char* action, int output, int* error) {
  posix_spawn_file_actions_t files;
  ENSURE(::posix_spawn_file_actions_init(&files) == 0);
  if (output >= 0) ENSURE(::posix_spawn_file_actions_adddup2(&files, output, 1) == 0);
  std::string program = path, word = action;
  char* argv[] = {program.data(), word.data(), nullptr};
  pid_t pid = -1;
  *error = ::posix_spawn(&pid, path.c_str(), &files, nullptr, argv, environ);
  ::posix_spawn_file_actions_destroy(&files);
  return *error == 0 ? pid : -1;
}

int wait_for(pid_t pid) {
  int how = 0;
  while (::waitpid(pid, &how, 0) < 0 && errno == EINTR) {
  }
  return how;
}

}  // namespace

std::string meaning_of(int code) {
  const auto at = static_cast<size_t>(code);
  return (at < kMeanings.size() ? kMeanings[at] : "no code of the standard") + std::string(" (") +
         std::to_string(code) + ")";
}

std::vector<std::string> parameters_in(std::string_view meta_data) {
  constexpr std::string_view kElement = "<parameter ", kName = "name=\"";
  std::vector<std::string> out;
  while (true) {
    const size_t at = meta_data.find(kElement);
    if (at == std::string_view::npos) return out;
    meta_data.remove_prefix(at + kElement.size());
    const std::string_view element = meta_data.substr(0, meta_data.find('>'));
    const size_t name = element.find(kName);
    if (name == std::string_view::npos) continue;
    const std::string_view rest = element.substr(name + kName.size());
    out.emplace_back(rest.substr(0, rest.find('"')));
  }
}

Ocf::Ocf(const config::Agent& agent, const std::string& service) : agent_(agent) {
  const auto set = [](const std::string& name, const std::string& value) {
    ENSURE(::setenv(name.c_str(), value.c_str(), 1) == 0);
  };
  set("OCF_ROOT", config::kOcfRoot);
  set("OCF_RA_VERSION_MAJOR", "1");
  set("OCF_RA_VERSION_MINOR", "1");
  set("OCF_RESOURCE_INSTANCE", service);
  set("OCF_RESOURCE_PROVIDER", agent.provider);
  set("OCF_RESOURCE_TYPE", agent.type);
  set("OCF_CHECK_LEVEL", "0");
  for (const auto& [name, value] : agent.parameters) set("OCF_RESKEY_" + name, value);
}

// Its exit code; of what ended by a signal or was not executed it is that of an error.
int Ocf::call(const char* action) {
  int error = 0;
  const pid_t pid = spawn(agent_.path, action, -1, &error);
  if (pid < 0) {
    say(agent_.path + ": " + ::strerror(error));
    return kGeneric;
  }
  const int how = wait_for(pid);
  if (WIFEXITED(how)) return WEXITSTATUS(how);
  say(agent_.path + " " + action + " was ended by signal " + std::to_string(WTERMSIG(how)));
  return kGeneric;
}

int Ocf::call_and_tell(const char* action) {
  const int code = call(action);
  if (code != kSuccess) say(agent_.name() + ": " + action + ": " + meaning_of(code));
  return code;
}

std::string Ocf::meta_data() {
  std::string out;
  Pipe pipe;
  ENSURE(pipe.open());
  int error = 0;
  const pid_t pid = spawn(agent_.path, "meta-data", pipe.write_end.get(), &error);
  pipe.write_end.reset();
  std::array<char, 4096> piece{};
  for (ssize_t n = 0; out.size() < kMaxMetaDataBytes &&
                      (n = ::read(pipe.read_end.get(), piece.data(), piece.size())) > 0;)
    out.append(piece.data(), static_cast<size_t>(n));
  pipe.read_end.reset();
  if (pid >= 0) wait_for(pid);
  return out;
}

int Ocf::start() {
  const std::vector<std::string> known = parameters_in(meta_data());
  for (const auto& [name, value] : agent_.parameters) {
    if (known.empty() || std::find(known.begin(), known.end(), name) != known.end()) continue;
    say(agent_.name() + " has no parameter '" + name + "'; it has " + joined(known, ", "));
    return kGeneric;
  }
  if (const int code = call_and_tell("validate-all"); code != kSuccess) return code;
  const int before = call("monitor");
  if (before == kSuccess || before == kRunningPromoted) {
    say("it runs already");
    return kSuccess;
  }
  if (before != kNotRunning) {
    say(agent_.name() + ": it is " + meaning_of(before) +
        " before its start, and is stopped first");
    if (const int code = call_and_tell("stop"); code != kSuccess) return code;
  }
  return call_and_tell("start");
}

int Ocf::stop() { return call_and_tell("stop"); }

int Ocf::status() {
  const int code = call("monitor");
  if (code == kRunningPromoted) return kSuccess;
  if (code != kSuccess && code != kNotRunning)
    say(agent_.name() + ": monitor: " + meaning_of(code));
  return code;
}

}  // namespace cluster::agents
