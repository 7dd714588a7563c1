// Paths below a root: components of any bytes but '/' and NUL, with one '/' between two. "" is the root itself.
// And names that this folder gives to what is not yet, or no longer, part of a tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cluster::files {

inline constexpr size_t kMaxNameBytes = 255;
inline constexpr size_t kMaxPathBytes = 4095;  // PATH_MAX without its NUL

// A path below a root (not the root) that may be used as it is: no empty component, no "." or "..", no NUL, within the
// limits. What peers send is asked this first.
bool valid_relative_path(std::string_view path);

std::string_view folder_of(std::string_view path);  // without the last component; "" at the top
std::string_view name_of(std::string_view path);    // the last component
std::string join(std::string_view folder, std::string_view name);

// Is `path` this folder, or below it?
bool within(std::string_view path, std::string_view folder);

// The first of their digits.
std::string hex(std::string_view bytes, size_t digits);

// For messages and logs: UTF-8 stays, control characters and what is no UTF-8 become \xNN.
std::string shown(std::string_view path);

// Beside a target stand, with names that say so:
// kNew: what is being written. Its name depends on the target's and on the content's digest alone, so that a transfer
// finds after a crash what it had. Nothing is lost with it.
// kOld: what was replaced or deleted, until it has been retained. After a crash it may be all there is of a version.
// Scans tell of both apart from the rest. Each name ends with a check of itself, so that no user's file is taken for one.
enum class Leftover { kNone, kNew, kOld };
Leftover leftover_kind(std::string_view name);

std::string new_name(std::string_view name, std::string_view content);
std::string old_name(std::string_view name, std::string_view tag);  // `tag`: whatever tells apart
// The target's name, for as much of it as was kept: all, unless that is longer than 200 bytes. "" of another name.
std::string target_of_leftover(std::string_view name);

}  // namespace cluster::files
