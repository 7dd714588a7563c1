// A configuration folder of one test, removed with it, and what the tests of config ask of it.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "tests/unit/temp_folder.h"

namespace cluster::config {

class TempConfig {
 public:
  TempConfig() {
    write("cluster.conf", "id = 1\n");
    write("hosts",
          "server1.example.com password1\nserver2.example.com:35791 password2\nlaptop1,open "
          "password3\n");
    write("services", "web 1 2\n");
    script("web", "start");
    script("web", "stop");
  }

  std::string folder() const { return folder_.path(); }
  std::string path(const std::string& name) const { return folder_ / name; }

  void write(const std::string& name, const std::string& bytes, mode_t mode = 0600) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << bytes;
    chmod(name, mode);
  }
  void script(const std::string& service, const std::string& name, mode_t mode = 0755) const {
    write("services.d/" + service + "/" + name, "#!/bin/sh\nexit 0\n", mode);
  }
  void chmod(const std::string& name, mode_t mode) const {
    if (::chmod(path(name).c_str(), mode) != 0) std::abort();
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(path(name)); }

  Options options(Mode mode = Mode::kCheck) const {
    Options out;
    out.config_dir = folder();
    out.mode = mode;
    out.local = [] { return LocalIdentity{"elsewhere", "elsewhere.example.org", {"192.0.2.99"}}; };
    return out;
  }
  Outcome load(Mode mode = Mode::kCheck) const { return config::load(options(mode)); }

 private:
  testing_files::TempFolder folder_;
};

inline std::string joined(const std::vector<Fault>& faults) {
  std::string out;
  for (const Fault& fault : faults) out += to_string(fault) + "\n";
  return out;
}

// One fault is at file:line and holds this text.
inline bool has(const std::vector<Fault>& faults, const std::string& file, int line,
                const std::string& text) {
  for (const Fault& fault : faults) {
    if (fault.file == file && fault.line == line && fault.text.find(text) != std::string::npos)
      return true;
  }
  return false;
}

// A file's content, and the one fault that it must give: line, what is wrong, what was expected.
struct FaultCase {
  const char* what;
  std::string content;
  int line;
  std::string wrong;
  std::string expected;
};

inline void expect_only_fault(const TempConfig& config, const std::string& file,
                              const FaultCase& one) {
  SCOPED_TRACE(one.what);
  config.write(file, one.content);
  const Outcome outcome = config.load();
  EXPECT_FALSE(outcome.loaded.has_value());
  ASSERT_EQ(outcome.faults.size(), 1u) << joined(outcome.faults);
  const Fault& fault = outcome.faults.front();
  EXPECT_EQ(fault.file, config.path(file));
  EXPECT_EQ(fault.line, one.line) << fault.text;
  const size_t middle = fault.text.find("; expected ");
  ASSERT_NE(middle, std::string::npos) << fault.text;
  EXPECT_NE(fault.text.substr(0, middle).find(one.wrong), std::string::npos) << fault.text;
  EXPECT_NE(fault.text.substr(middle).find(one.expected), std::string::npos) << fault.text;
  EXPECT_EQ(fault.text.find('\n'), std::string::npos) << fault.text;
}

}  // namespace cluster::config
