#include "scripts/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

#include <array>
#include <string_view>

#include "base/ensure.h"

extern char** environ;

namespace cluster::scripts {

namespace {

constexpr char kDefaultPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::array<std::string_view, 9> kInherited = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "TMPDIR", "LANGUAGE", "LANG"};

bool inherits(std::string_view name) {
  if (name.starts_with("LC_")) return true;
  for (std::string_view known : kInherited)
    if (name == known) return true;
  return false;
}

struct FileActions {
  posix_spawn_file_actions_t actions;
  int error = 0;
  FileActions() { ENSURE(posix_spawn_file_actions_init(&actions) == 0); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
  void check(int result) {
    if (error == 0) error = result;
  }
};

struct Attributes {
  posix_spawnattr_t attributes;
  Attributes() { ENSURE(posix_spawnattr_init(&attributes) == 0); }
  ~Attributes() { posix_spawnattr_destroy(&attributes); }
};

}  // namespace

Environment inherited_environment() {
  Environment environment;
  bool path = false;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || !inherits(text.substr(0, equals))) continue;
    path = path || text.starts_with("PATH=");
    environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  if (!path) environment.emplace_back("PATH", kDefaultPath);
  return environment;
}

int spawn(const Spawn& what, pid_t* pid) {
  FileActions files;
  files.check(posix_spawn_file_actions_addopen(&files.actions, 0, "/dev/null", O_RDONLY, 0));
  if (what.output >= 0) {
    files.check(posix_spawn_file_actions_adddup2(&files.actions, what.output, 1));
  } else {
    files.check(posix_spawn_file_actions_addopen(&files.actions, 1, "/dev/null", O_WRONLY, 0));
  }
  files.check(posix_spawn_file_actions_adddup2(&files.actions, 1, 2));
  // Libraries may open descriptors without O_CLOEXEC: none may leak into a service.
  files.check(posix_spawn_file_actions_addclosefrom_np(&files.actions, 3));
  files.check(posix_spawn_file_actions_addchdir_np(&files.actions, what.folder.c_str()));
  if (files.error != 0) return files.error;

  Attributes attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes.attributes, &none);
  posix_spawnattr_setsigdefault(&attributes.attributes, &all);
  posix_spawnattr_setflags(&attributes.attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> entries;
  entries.reserve(what.environment.size());
  for (const auto& [name, value] : what.environment) entries.push_back(name + "=" + value);
  std::vector<char*> envp;
  envp.reserve(entries.size() + 1);
  for (std::string& entry : entries) envp.push_back(entry.data());
  envp.push_back(nullptr);
  std::string path = what.path;
  char* argv[] = {path.data(), nullptr};
  return posix_spawn(pid, path.c_str(), &files.actions, &attributes.attributes, argv, envp.data());
}

}  // namespace cluster::scripts
