// The engine as the guardian's child: how it is started, and what it finds on its command line.
//
// It is made from the program file that runs here already (/proc/self/exe), so the two are of one version even after
// an upgrade on disk. It has a process group of its own, so that a terminal's signals reach the guardian alone, and
// dies with it (PR_SET_PDEATHSIG).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/options.h"
#include "net/socket.h"

namespace cluster::guardian {

// The descriptors that an engine inherits, and whose child it must be: the value of the option --engine.
struct Inheritance {
  pid_t guardian = 0;
  int channel = -1;
  int lock = -1;
  std::vector<int> listening;

  std::string to_text() const;
  static std::optional<Inheritance> parse(const std::string& text);
};

// `inherited` keep their numbers. The engine's pid.
Result<pid_t> start_engine(const daemon::Options& options, const Inheritance& inherited);

// In the engine, first: it dies with its guardian, and what it inherited goes no further. False: the guardian is
// dead already, or this is nobody's child.
bool be_an_engine(const Inheritance& inherited);

}  // namespace cluster::guardian
