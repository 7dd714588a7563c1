// What the user typed: options, and a command whose words have the right number.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace cluster::ctl {

// clusterctl's exit codes.
enum Exit : int {
  kDone = 0,
  kRefused = 1,   // refused or failed, with the reason on stderr
  kUsage = 2,     // wrong usage
  kNoDaemon = 3,  // no daemon answers
};

struct Arguments {
  std::string bus = "system";  // system, session or a D-Bus address
  bool json = false;
  bool help = false;
  bool version = false;
  std::optional<std::chrono::microseconds> timeout;  // none: as long as the work takes
  std::string command;
  std::vector<std::string> words;  // after the command
  std::vector<std::string> lost;   // of --lose
  std::string config_dir;          // of init and invite; empty: the usual one
};

// The error is a sentence without "clusterctl:".
Result<Arguments> parse_arguments(const std::vector<std::string>& words);

// All commands with their words, for --help and wrong usage.
std::string usage();

}  // namespace cluster::ctl
