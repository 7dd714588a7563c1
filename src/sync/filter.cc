#include "sync/filter.h"

#include <algorithm>

namespace cluster::sync {

namespace {

// Whether the set that begins after its `[` holds c; `rest` is then what follows its `]`. Without one it is no set.
bool set_holds(std::string_view set, char c, bool* closed, std::string_view* rest) {
  const bool inverse = !set.empty() && (set[0] == '!' || set[0] == '^');
  size_t at = inverse ? 1 : 0;
  bool holds = false;
  for (const size_t first = at; at < set.size(); ++at) {
    if (set[at] == ']' && at > first) {
      *closed = true;
      *rest = set.substr(at + 1);
      return holds != inverse;
    }
    if (at + 2 < set.size() && set[at + 1] == '-' && set[at + 2] != ']') {
      holds = holds || (set[at] <= c && c <= set[at + 2]);
      at += 2;
    } else {
      holds = holds || set[at] == c;
    }
  }
  *closed = false;
  return false;
}

bool matches_somewhere(const std::string& pattern, std::string_view path) {
  if (pattern.find('/') == std::string::npos)
    return glob_matches(pattern, path.substr(path.rfind('/') + 1));
  const std::string_view rooted =
      pattern.front() == '/' ? std::string_view(pattern).substr(1) : std::string_view(pattern);
  return glob_matches(rooted, path);
}

// The path itself, or a folder that it is below.
bool any_matches(const std::vector<std::string>& patterns, std::string_view path) {
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string_view part = path.substr(0, end);
    if (std::any_of(patterns.begin(), patterns.end(),
                    [&](const std::string& pattern) { return matches_somewhere(pattern, part); }))
      return true;
    if (end == std::string_view::npos) return false;
  }
}

}  // namespace

// Patterns come from this host's own configuration: how long one with many stars takes is its writer's choice.
bool glob_matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    if (pattern.substr(0, 2) == "**") {
      std::string_view rest = pattern.substr(2);
      if (rest.empty()) return true;
      if (rest.front() == '/') rest.remove_prefix(1);
      for (size_t at = 0;; ++at) {
        if (glob_matches(rest, path.substr(at))) return true;
        at = path.find('/', at);
        if (at == std::string_view::npos) return false;
      }
    }
    if (pattern.front() == '*') {
      const std::string_view rest = pattern.substr(1);
      for (size_t at = 0;; ++at) {
        if (glob_matches(rest, path.substr(at))) return true;
        if (at >= path.size() || path[at] == '/') return false;
      }
    }
    if (path.empty()) return false;
    if (pattern.front() == '[' && path.front() != '/') {
      bool closed = false;
      std::string_view rest;
      const bool holds = set_holds(pattern.substr(1), path.front(), &closed, &rest);
      if (closed) {
        if (!holds) return false;
        pattern = rest;
        path.remove_prefix(1);
        continue;
      }
    }
    const bool any = pattern.front() == '?' && path.front() != '/';
    if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    if (!any && pattern.front() != path.front()) return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  return path.empty();
}

bool Filter::wants(std::string_view path, bool folder) const {
  if (!only.empty()) return std::find(only.begin(), only.end(), path) != only.end();
  if (any_matches(exclude, path)) return false;
  return include.empty() || folder || any_matches(include, path);
}

}  // namespace cluster::sync
