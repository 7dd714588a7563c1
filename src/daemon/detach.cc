#include "daemon/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "daemon/options.h"

namespace cluster::daemon {

Result<Detach> Detach::fork_now() {
  Pipe pipe;
  if (!pipe.open()) return Error{std::string("pipe: ") + strerror(errno)};
  const pid_t child = fork();
  if (child < 0) return Error{std::string("fork: ") + strerror(errno)};
  if (child > 0) {
    pipe.write_end.reset();
    char byte = 0;
    ssize_t got = 0;
    do {
      got = read(pipe.read_end.get(), &byte, 1);
    } while (got < 0 && errno == EINTR);
    // The daemon has said on stderr what went wrong.
    _exit(got == 1 ? kExitOk : kExitFailed);
  }
  setsid();
  Detach detach;
  detach.caller_ = std::move(pipe.write_end);
  return detach;
}

void Detach::leave_terminal() {
  if (chdir("/") != 0) return;
  Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (null) dup2(null.get(), fd);
  if (null.get() <= STDERR_FILENO) null.release();
}

void Detach::ready() {
  if (!caller_) return;
  leave_terminal();
  // A caller that went away needs no answer.
  if (write(caller_.get(), "r", 1) < 0) errno = 0;
  caller_.reset();
}

}  // namespace cluster::daemon
