// Which paths below a root are kept alike. Patterns are those of a shell: `*` and `?` match within a component, `**` any
// number of them, `[a-z]` one of these. A pattern without `/` counts for a name wherever it is, one with `/` from the
// root on. What is below an excluded folder is excluded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cluster::sync {

struct Filter {
  std::vector<std::string> only;  // if any: these paths and nothing else
  std::vector<std::string>
      include;  // if any: of files and links, those that match, or are below what does
  std::vector<std::string> exclude;

  bool wants(std::string_view path, bool folder) const;
  bool operator==(const Filter&) const = default;
};

// Whether the pattern matches all of the path.
bool glob_matches(std::string_view pattern, std::string_view path);

}  // namespace cluster::sync
