#include "files/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "files/attributes.h"
#include "files/path.h"

namespace cluster::files {

namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr auto kKeep = static_cast<uint32_t>(-1);  // to chown(2)

using Warnings = std::vector<std::string>;

struct Owner {
  uint32_t uid = kKeep;
  uint32_t gid = kKeep;
};

Owner owner_of(const sync::FileState& state, Names& names, Warnings& warnings) {
  Owner owner;
  if (const auto uid = names.uid(state.owner)) {
    owner.uid = *uid;
  } else {
    warnings.push_back("this host has no user " + shown(state.owner));
  }
  if (const auto gid = names.gid(state.group)) {
    owner.gid = *gid;
  } else {
    warnings.push_back("this host has no group " + shown(state.group));
  }
  return owner;
}

std::string failed(const std::string& what) { return what + ": " + strerror(errno); }

// futimens(2) wants nanoseconds from 0 on, before the epoch too.
timespec time_of(int64_t ns) {
  timespec time{};
  time.tv_sec = ns / kSecondNs - (ns % kSecondNs < 0 ? 1 : 0);
  time.tv_nsec = ns - time.tv_sec * kSecondNs;
  return time;
}

const std::string* access_acl(const sync::FileState& state) {
  for (const auto& [name, value] : state.attributes)
    if (name == "system.posix_acl_access") return &value;
  return nullptr;
}

// The rights that an ACL gives to the owning group, as bits of a mode.
uint32_t group_rights(const std::string& acl) {
  uint32_t group = 0;
  uint32_t mask = 7;
  for (const std::string_view word : {"group::", "mask::"}) {
    const size_t at = acl.find(word);
    if (at == std::string::npos || at + word.size() + 3 > acl.size()) continue;
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i)
      if (acl[at + word.size() + i] == "rwx"[i]) bits |= 4U >> i;
    (word == "mask::" ? mask : group) = bits;
  }
  return (group & mask) << 3;
}

bool has_attribute(int fd, const std::string& name, Names& names) {
  const auto present = read_attributes(fd, "", names);
  return present.ok() && std::any_of(present->begin(), present->end(),
                                     [&](const auto& each) { return each.first == name; });
}

}  // namespace

Warnings apply_state(int fd, const sync::FileState& state, bool allow_setuid, Names& names) {
  Warnings warnings;
  struct stat info {};
  if (fstat(fd, &info) != 0) return {failed("cannot be looked at")};
  const bool folder = S_ISDIR(info.st_mode);
  const Owner owner = owner_of(state, names, warnings);
  uint32_t mode = state.mode & 07777;
  const bool chowns = (owner.uid != kKeep && owner.uid != info.st_uid) ||
                      (owner.gid != kKeep && owner.gid != info.st_gid);
  // Those who had rights before and shall have them after keep them, nobody else has any meanwhile.
  const uint32_t narrow = info.st_mode & mode & (chowns ? 0777 : 07777);
  if ((info.st_mode & 07777) != narrow && fchmod(fd, narrow) != 0)
    warnings.push_back(failed("the mode cannot be set"));
  const bool owned = !chowns || fchown(fd, owner.uid, owner.gid) == 0;
  if (!owned)
    warnings.push_back(
        failed("the owner cannot be set to " + shown(state.owner) + ":" + shown(state.group)));
  if (!owned || owner.uid == kKeep) mode &= ~uint32_t{S_ISUID};
  if (!owned || owner.gid == kKeep) mode &= ~uint32_t{S_ISGID};
  if (!folder && !allow_setuid && (mode & (S_ISUID | S_ISGID)) != 0) {
    mode &= ~uint32_t{S_ISUID | S_ISGID};
    warnings.emplace_back("setuid and setgid are left out, for they are not allowed here");
  }
  for (std::string& warning : write_attributes(fd, state.attributes, names))
    warnings.push_back(std::move(warning));
  if (const std::string* acl = access_acl(state);
      acl != nullptr && !has_attribute(fd, "system.posix_acl_access", names))
    mode = (mode & ~uint32_t{070}) | (mode & group_rights(*acl));
  if (fchmod(fd, mode) != 0) warnings.push_back(failed("the mode cannot be set"));
  const timespec times[2] = {{0, UTIME_OMIT}, time_of(state.mtime_ns)};
  if (!folder && futimens(fd, times) != 0) warnings.push_back(failed("the time cannot be set"));
  return warnings;
}

Warnings apply_to_link(int folder, const std::string& name, const sync::FileState& state,
                       Names& names) {
  Warnings warnings;
  const Owner owner = owner_of(state, names, warnings);
  if (fchownat(folder, name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0)
    warnings.push_back(
        failed("the owner cannot be set to " + shown(state.owner) + ":" + shown(state.group)));
  const timespec times[2] = {{0, UTIME_OMIT}, time_of(state.mtime_ns)};
  if (utimensat(folder, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    warnings.push_back(failed("the time cannot be set"));
  return warnings;
}

}  // namespace cluster::files
