#include "base/ensure.h"

#include <cstdio>
#include <cstdlib>

namespace cluster {

void ensure_failed(const char* condition, const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s %s\n", file, line, condition, what);
  std::abort();
}

}  // namespace cluster
