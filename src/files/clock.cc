#include "files/clock.h"

#include <time.h>

namespace cluster::files {

Now read_clocks() {
  timespec boot{}, wall{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_REALTIME, &wall);
  return {MonoTime(seconds(boot.tv_sec) + Duration(boot.tv_nsec)),
          WallTime(seconds(wall.tv_sec) + Duration(wall.tv_nsec))};
}

}  // namespace cluster::files
