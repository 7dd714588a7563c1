#include "scripts/reserve.h"

#include <fcntl.h>

namespace cluster::scripts {

void Reserve::fill() {
  while (kept_.size() < count_) {
    Fd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd) return;
    kept_.push_back(std::move(fd));
  }
}

}  // namespace cluster::scripts
