#include "ctl/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cluster::ctl {

Style stdout_style() {
  Style style;
  if (isatty(STDOUT_FILENO)) {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    style.colour = !(no_color && *no_color) && term && std::strcmp(term, "dumb") != 0;
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) style.width = size.ws_col;
  }
  if (style.width == 0) {
    if (const char* columns = std::getenv("COLUMNS"))
      style.width = std::strtoul(columns, nullptr, 10);
  }
  return style;
}

bool print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

Exit complain(const Fault& fault) {
  std::fprintf(stderr, "clusterctl: %s\n", fault.text.c_str());
  return fault.exit;
}

WallTime wall_now() {
  return WallTime(
      std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()));
}

}  // namespace cluster::ctl
