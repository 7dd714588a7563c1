#include "files/names.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include <charconv>
#include <cstdint>
#include <vector>

namespace cluster::files {

namespace {

constexpr size_t kMaxEntryBytes = 1 << 20;  // a group's has all of its members

// What the get*_r functions find; nullopt where there is no such entry, or none can be had.
template <class Entry, class Ask, class Take>
auto ask(Ask query, Take take) -> std::optional<decltype(take(Entry{}))> {
  Entry entry{};
  Entry* found = nullptr;
  for (std::vector<char> buffer(1024); buffer.size() <= kMaxEntryBytes;
       buffer.resize(buffer.size() * 2)) {
    const int error = query(&entry, buffer.data(), buffer.size(), &found);
    if (error == ERANGE) continue;
    if (error != 0 || found == nullptr) break;
    return take(entry);
  }
  return std::nullopt;
}

std::optional<uint32_t> number(const std::string& text) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  // To chown(2) -1 means that it stays.
  if (read.ec != std::errc() || read.ptr != end || value == static_cast<uint32_t>(-1))
    return std::nullopt;
  return value;
}

}  // namespace

std::string Names::user(uid_t uid) {
  const auto [entry, fresh] = users_.try_emplace(uid);
  if (fresh) {
    entry->second = ask<passwd>([uid](auto... to) { return getpwuid_r(uid, to...); },
                                [](const passwd& found) { return std::string(found.pw_name); })
                        .value_or(std::to_string(uid));
  }
  return entry->second;
}

std::string Names::group(gid_t gid) {
  const auto [entry, fresh] = groups_.try_emplace(gid);
  if (fresh) {
    entry->second =
        ask<struct group>([gid](auto... to) { return getgrgid_r(gid, to...); },
                          [](const struct group& found) { return std::string(found.gr_name); })
            .value_or(std::to_string(gid));
  }
  return entry->second;
}

std::optional<uid_t> Names::uid(const std::string& name) {
  const auto [entry, fresh] = uids_.try_emplace(name);
  if (fresh) {
    entry->second = ask<passwd>([&](auto... to) { return getpwnam_r(name.c_str(), to...); },
                                [](const passwd& found) { return found.pw_uid; });
    if (!entry->second) entry->second = number(name);
  }
  return entry->second;
}

std::optional<gid_t> Names::gid(const std::string& name) {
  const auto [entry, fresh] = gids_.try_emplace(name);
  if (fresh) {
    entry->second = ask<struct group>([&](auto... to) { return getgrnam_r(name.c_str(), to...); },
                                      [](const struct group& found) { return found.gr_gid; });
    if (!entry->second) entry->second = number(name);
  }
  return entry->second;
}

void Names::forget() {
  users_.clear();
  groups_.clear();
  uids_.clear();
  gids_.clear();
}

}  // namespace cluster::files
