#include "guardian/engine.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "base/ensure.h"

extern char** environ;

namespace cluster::guardian {

namespace {

constexpr char kProgram[] = "/proc/self/exe";
constexpr size_t kMaxListening = 64;

template <class Number>
bool take(std::string_view& text, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if (error != std::errc() || *out < 0) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return text.empty() || text[0] == ',';
}

std::vector<std::string> words_of(const daemon::Options& options, const Inheritance& inherited) {
  std::vector<std::string> words = {
      "clusterd",         "--engine",    inherited.to_text(), "--config-dir",
      options.config_dir, "--state-dir", options.state_dir,   "--bus",
      options.bus};
  if (options.id) words.insert(words.end(), {"--id", std::to_string(options.id->value)});
  if (options.detach) words.emplace_back("--daemon");
  if (options.accept_renumbering) words.emplace_back("--accept-renumbering");
  for (int i = 0; i < options.verbose; ++i) words.emplace_back("--verbose");
  return words;
}

}  // namespace

std::string Inheritance::to_text() const {
  std::string text =
      std::to_string(guardian) + "," + std::to_string(channel) + "," + std::to_string(lock);
  for (int fd : listening) text += "," + std::to_string(fd);
  return text;
}

std::optional<Inheritance> Inheritance::parse(const std::string& text) {
  Inheritance out;
  std::string_view rest = text;
  for (auto* field : {&out.guardian, &out.channel, &out.lock}) {
    if (!take(rest, field)) return std::nullopt;
    if (!rest.empty()) rest.remove_prefix(1);
  }
  while (!rest.empty() && out.listening.size() < kMaxListening) {
    if (!take(rest, &out.listening.emplace_back())) return std::nullopt;
    if (!rest.empty()) rest.remove_prefix(1);
  }
  if (out.guardian <= 0 || !rest.empty()) return std::nullopt;
  return out;
}

Result<pid_t> start_engine(const daemon::Options& options, const Inheritance& inherited) {
  posix_spawn_file_actions_t files;
  ENSURE(posix_spawn_file_actions_init(&files) == 0);
  std::vector<int> kept = inherited.listening;
  kept.insert(kept.end(), {inherited.channel, inherited.lock});
  int error = 0;
  // Onto itself: loses close-on-exec in the child alone.
  for (int fd : kept)
    if (error == 0) error = posix_spawn_file_actions_adddup2(&files, fd, fd);

  posix_spawnattr_t attributes;
  ENSURE(posix_spawnattr_init(&attributes) == 0);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> words = words_of(options, inherited);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  if (error == 0) error = posix_spawn(&pid, kProgram, &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return Error{std::string("the engine cannot be started: ") + strerror(error)};
  return pid;
}

bool be_an_engine(const Inheritance& inherited) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
  // Started through /proc/self/exe it would be listed as "exe".
  (void)prctl(PR_SET_NAME, "clusterd-engine");
  // It may have died before that was said.
  if (getppid() != inherited.guardian) return false;
  std::vector<int> kept = inherited.listening;
  kept.insert(kept.end(), {inherited.channel, inherited.lock});
  for (int fd : kept)
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return false;
  return true;
}

}  // namespace cluster::guardian
