// Real clusterd programs on loopback, each with folders of its own, for tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/temp_folder.h"

namespace cluster::testing_daemon {

inline constexpr std::chrono::seconds kPatience{60};

bool until(const std::function<bool()>& done);
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text,
                bool executable = false);
std::filesystem::path clusterd();  // beside the folder of this test program

struct Ended {
  int code = -1;  // -1: ended by a signal
  std::string out, error;
};
// Runs it to its end.
Ended run_clusterd(const std::vector<std::string>& arguments);

// A child of the test. Destroying it ends it, and what it started.
class Program {
 public:
  Program(const std::vector<std::string>& arguments, const std::filesystem::path& log,
          const std::map<std::string, std::string>& environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  bool running();
  int wait();  // its exit code, -1: by a signal or not within kPatience

 private:
  bool reap(bool block);

  pid_t pid_ = -1;
  int status_ = 0;
};

// A folder with config and state of hosts on 127.0.0.1, 127.0.0.2 …, gone at the end. A service's
// scripts leave their traces in HOST/SERVICE: "start", "stop" … line by line.
class Site {
 public:
  explicit Site(int hosts);
  ~Site();  // after its programs

  void service(const std::string& name, const std::string& preference);  // "1 2"
  void set_script(int host, const std::string& service, const std::string& script,
                  const std::string& text) const;
  std::filesystem::path config(int host) const { return root_ / std::to_string(host) / "config"; }
  std::filesystem::path state(int host) const { return root_ / std::to_string(host) / "state"; }
  std::filesystem::path log(int host) const { return root_ / std::to_string(host) / "log"; }
  std::string log_text(int host) const { return read_file(log(host)); }
  std::string traces(int host, const std::string& service) const {
    return read_file(root_ / std::to_string(host) / service);
  }
  std::vector<std::string> arguments(int host, const std::vector<std::string>& more = {}) const;
  const std::filesystem::path& root() const { return root_.path(); }
  uint16_t port() const { return port_; }

 private:
  const testing_files::TempFolder root_;
  const int hosts_;
  uint16_t port_ = 0;
  std::string services_;
};

}  // namespace cluster::testing_daemon
