#include "store/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>

namespace cluster::store {

namespace {

Error failed(const std::string& path, const std::string& what) {
  return Error{path + ": " + what + ": " + strerror(errno)};
}

}  // namespace

Status prepare_folder(const std::string& dir) {
  for (size_t slash = dir.find('/', 1);; slash = dir.find('/', slash + 1)) {
    const std::string part = dir.substr(0, slash);
    const bool last = slash == std::string::npos || slash + 1 == dir.size();
    if (mkdir(part.c_str(), last ? 0700 : 0755) != 0 && errno != EEXIST) {
      // A folder above may be read-only and exist all the same.
      struct stat info {};
      if (stat(part.c_str(), &info) != 0) return failed(part, "cannot be made");
    }
    if (last) break;
  }
  struct stat info {};
  if (stat(dir.c_str(), &info) != 0) return failed(dir, "cannot be read");
  if (!S_ISDIR(info.st_mode)) return Error{dir + ": is not a folder"};
  if ((info.st_mode & 0077) != 0 && chmod(dir.c_str(), 0700) != 0)
    return failed(dir, "is open to others, and its mode cannot be set to 0700");
  return {};
}

LockFile LockFile::adopt(int fd) {
  LockFile lock;
  lock.fd_.reset(fd);
  return lock;
}

Result<LockFile> LockFile::take(const std::string& path) {
  LockFile lock;
  lock.fd_.reset(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  // A lock asks for no more, and to kill what was left running nothing has to be written.
  if (!lock.fd_ && errno == EROFS)
    lock.fd_.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.fd_) return failed(path, "cannot be opened for writing");
  char text[32] = {};
  if (flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(path, "cannot be locked");
    const ssize_t got = pread(lock.fd(), text, sizeof text - 1, 0);
    std::string pid;
    for (ssize_t i = 0; i < got && isdigit(static_cast<unsigned char>(text[i])); ++i)
      pid += text[i];
    return Error{path + ": in use by another clusterd" +
                 (pid.empty() ? std::string() : ", process " + pid) +
                 "; each needs a --state-dir of its own"};
  }
  // Told to whoever comes next; on a full disk it is not.
  const std::string pid = std::to_string(getpid()) + "\n";
  [[maybe_unused]] const bool told =
      pwrite(lock.fd(), pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size()) &&
      ftruncate(lock.fd(), static_cast<off_t>(pid.size())) == 0;
  return lock;
}

}  // namespace cluster::store
