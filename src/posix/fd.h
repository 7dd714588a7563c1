// A file descriptor and its owner.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace cluster {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}  // below 0, as what opens one answers with an error: none
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  // errno stays as it was, so that what failed can be told after its descriptor has gone.
  void reset(int fd = -1) {
    const int error = errno;
    const int old = std::exchange(fd_, fd);
    if (old >= 0) close(old);
    errno = error;
  }

 private:
  int fd_ = -1;
};

// A pipe(7), of which no program that is executed inherits anything.
struct Pipe {
  // False, with errno: there is none.
  bool open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    return true;
  }

  Fd read_end, write_end;
};

}  // namespace cluster
