// The state folder, made or checked, and the lock that one daemon at a time holds on it.
#pragma once

#include <string>

#include "base/result.h"
#include "posix/fd.h"

namespace cluster::store {

// Makes `dir` (and what leads to it) with mode 0700 where it is missing; takes group's and others'
// rights away where it has them. An error names it.
Status prepare_folder(const std::string& dir);

// flock(2) on a file with the holder's pid in it. Gone with the process, however it ends; the file stays.
class LockFile {
 public:
  // The error names the pid that holds it.
  static Result<LockFile> take(const std::string& path);

  // One that another process has taken, and passed on: it holds until both let go.
  static LockFile adopt(int fd);

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }

 private:
  Fd fd_;
};

}  // namespace cluster::store
