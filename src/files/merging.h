// What two edits of one text make of it, by diff3 of the GNU diffutils: a process beside, in steps.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/time.h"
#include "posix/fd.h"

namespace cluster::files {

class Merging {
 public:
  enum class Step : uint8_t {
    kMore,   // step() again at once
    kDone,   // take_text()
    kApart,  // they touch the same lines, one is no text, or diff3 does not run: why()
  };
  static constexpr Duration kTime = seconds(10);  // it is killed then

  Merging(const std::string& base, const std::string& one, const std::string& other);
  ~Merging();
  Merging(const Merging&) = delete;
  Merging& operator=(const Merging&) = delete;

  Step step(MonoTime now);  // waits for a millisecond at most
  std::string take_text() { return std::move(text_); }
  const std::string& why() const { return why_; }

 private:
  Step begin(MonoTime now);
  Step apart(std::string why);
  Step ended(int status);

  std::string texts_[3];  // until they are given to it: one, base, other
  pid_t pid_ = -1;
  MonoTime until_ = MonoTime::max();
  Fd process_, output_;
  std::string text_, why_;
};

}  // namespace cluster::files
