#include "tests/unit/daemon/real_daemon.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "scripts/cgroups.h"

namespace cluster::testing_daemon {

namespace fs = std::filesystem;

bool until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const fs::path& path, const std::string& text, bool executable) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  fs::permissions(path, executable ? fs::perms(0700) : fs::perms(0600));
}

fs::path clusterd() {
  return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "clusterd";
}

namespace {

pid_t launch(const std::vector<std::string>& arguments, const fs::path& out, const fs::path& error,
             const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words = {clusterd().string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  dup2(open(out.c_str(), flags, 0600), STDOUT_FILENO);
  dup2(open(error.c_str(), flags, 0600), STDERR_FILENO);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

Ended run_clusterd(const std::vector<std::string>& arguments) {
  const testing_files::TempFolder root;
  const pid_t pid = launch(arguments, root / "out", root / "error", {});
  int status = 0;
  waitpid(pid, &status, 0);
  Ended ended{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(root / "out"),
              read_file(root / "error")};
  return ended;
}

Program::Program(const std::vector<std::string>& arguments, const fs::path& log,
                 const std::map<std::string, std::string>& environment)
    : pid_(launch(arguments, log, log, environment)) {}

Program::~Program() {
  if (!running()) return;
  signal(SIGKILL);
  reap(true);
}

void Program::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

bool Program::reap(bool block) {
  if (pid_ > 0 && waitpid(pid_, &status_, block ? 0 : WNOHANG) == pid_) pid_ = -1;
  return pid_ <= 0;
}

bool Program::running() { return !reap(false); }

int Program::wait() {
  if (!until([this] { return !running(); })) return -1;
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

Site::Site(int hosts) : hosts_(hosts) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t size = sizeof any;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&any), size), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size);
  port_ = ntohs(any.sin_port);
  close(fd);
  std::string lines;
  for (int host = 1; host <= hosts; ++host)
    lines += "127.0.0." + std::to_string(host) + ":" + std::to_string(port_) + " password" +
             std::to_string(host) + "\n";
  for (int host = 1; host <= hosts; ++host) {
    write_file(config(host) / "hosts", lines);
    write_file(config(host) / "services", "");
    write_file(config(host) / "cluster.conf", "beat_interval = 0.1\ndead_time = 1\n");
  }
}

// A daemon that was killed leaves its control groups, and what runs in them.
Site::~Site() {
  for (int host = 1; host <= hosts_; ++host) {
    const auto groups = scripts::Cgroups::find(state(host).string());
    if (!groups) continue;
    groups->kill_all();
    groups->remove_empty();
  }
}

void Site::service(const std::string& name, const std::string& preference) {
  services_ += name + " " + preference + "\n";
  for (int host = 1; host <= hosts_; ++host) {
    for (const char* script : {"start", "stop"}) set_script(host, name, script, "");
    write_file(config(host) / "services", services_);
  }
}

void Site::set_script(int host, const std::string& service, const std::string& script,
                      const std::string& text) const {
  const fs::path traces = root_ / std::to_string(host) / service;
  write_file(config(host) / "services.d" / service / script,
             "#!/bin/sh\necho " + script + " $CLUSTER_REASON >>" + traces.string() + "\n" + text,
             true);
}

std::vector<std::string> Site::arguments(int host, const std::vector<std::string>& more) const {
  std::vector<std::string> words = {
      "--config-dir", config(host).string(), "--state-dir", state(host).string(), "--bus", "none",
      "--id",         std::to_string(host)};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace cluster::testing_daemon
