#include "daemon/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "daemon/options.h"

namespace cluster::daemon {

Detach::~Detach() {
  if (caller_ >= 0) close(caller_);
}

Detach::Detach(Detach&& other) noexcept : caller_(std::exchange(other.caller_, -1)) {}

Detach& Detach::operator=(Detach&& other) noexcept {
  std::swap(caller_, other.caller_);
  return *this;
}

Result<Detach> Detach::fork_now() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{std::string("pipe: ") + strerror(errno)};
  const pid_t child = fork();
  if (child < 0) return Error{std::string("fork: ") + strerror(errno)};
  if (child > 0) {
    close(ends[1]);
    char byte = 0;
    ssize_t got = 0;
    do {
      got = read(ends[0], &byte, 1);
    } while (got < 0 && errno == EINTR);
    // The daemon has said on stderr what went wrong.
    _exit(got == 1 ? kExitOk : kExitFailed);
  }
  close(ends[0]);
  setsid();
  Detach detach;
  detach.caller_ = ends[1];
  return detach;
}

void Detach::leave_terminal() {
  if (chdir("/") != 0) return;
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (null >= 0) dup2(null, fd);
  if (null > STDERR_FILENO) close(null);
}

void Detach::ready() {
  if (caller_ < 0) return;
  leave_terminal();
  const int caller = std::exchange(caller_, -1);
  // A caller that went away needs no answer.
  if (write(caller, "r", 1) < 0) errno = 0;
  close(caller);
}

}  // namespace cluster::daemon
