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

#include "base/ensure.h"
#include "base/join.h"

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

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

// Its exit code; of what ended by a signal or was not executed it is that of an error.
int spawn_and_wait(const std::string& path, const char* action,
                   const posix_spawn_file_actions_t* files) {
  std::string program = path, word = action;
  char* argv[] = {program.data(), word.data(), nullptr};
  pid_t pid = -1;
  if (const int error = ::posix_spawn(&pid, path.c_str(), files, nullptr, argv, environ);
      error != 0) {
    say(path + ": " + ::strerror(error));
    return kGeneric;
  }
  int how = 0;
  while (::waitpid(pid, &how, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(how)) return WEXITSTATUS(how);
  say(path + " " + action + " was ended by signal " + std::to_string(WTERMSIG(how)));
  return kGeneric;
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

int Ocf::call(const char* action) { return spawn_and_wait(agent_.path, action, nullptr); }

int Ocf::call_and_tell(const char* action) {
  const int code = call(action);
  if (code != kSuccess) say(agent_.name() + ": " + action + ": " + meaning_of(code));
  return code;
}

std::string Ocf::meta_data() {
  std::string out;
  int ends[2];
  ENSURE(::pipe2(ends, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t files;
  ENSURE(::posix_spawn_file_actions_init(&files) == 0 &&
         ::posix_spawn_file_actions_adddup2(&files, ends[1], 1) == 0);
  std::string program = agent_.path, word = "meta-data";
  char* argv[] = {program.data(), word.data(), nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, agent_.path.c_str(), &files, nullptr, argv, environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(ends[1]);
  std::array<char, 4096> piece{};
  for (ssize_t n = 0; error == 0 && out.size() < kMaxMetaDataBytes &&
                      (n = ::read(ends[0], piece.data(), piece.size())) > 0;)
    out.append(piece.data(), static_cast<size_t>(n));
  ::close(ends[0]);
  while (error == 0 && ::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
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
