#include "scripts/reserve.h"

#include <fcntl.h>
#include <unistd.h>

namespace cluster::scripts {

void Reserve::fill() {
  while (kept_.size() < count_) {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    kept_.push_back(fd);
  }
}

void Reserve::give_back() {
  for (const int fd : kept_) close(fd);
  kept_.clear();
}

}  // namespace cluster::scripts
