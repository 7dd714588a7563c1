#include "files/attributes.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include <algorithm>

#include "files/path.h"

namespace cluster::files {

namespace {

constexpr std::string_view kAccessAcl = "system.posix_acl_access";
constexpr std::string_view kDefaultAcl = "system.posix_acl_default";
constexpr int kTries = 8;  // for a value that grows between asking for its size and for itself

bool is_acl(std::string_view name) { return name == kAccessAcl || name == kDefaultAcl; }

// There is no *xattrat(2) before Linux 6.13; a path through /proc begins at the opened folder too.
struct Target {
  int fd;
  std::string path;  // empty: the descriptor itself

  Target(int folder, const std::string& name)
      : fd(folder),
        path(name.empty() ? "" : "/proc/self/fd/" + std::to_string(folder) + "/" + name) {}
  ssize_t list(char* out, size_t size) const {
    return path.empty() ? flistxattr(fd, out, size) : llistxattr(path.c_str(), out, size);
  }
  ssize_t get(const char* name, char* out, size_t size) const {
    return path.empty() ? fgetxattr(fd, name, out, size) : lgetxattr(path.c_str(), name, out, size);
  }
};

// What `call` writes into a buffer that is as long as it says. False: errno.
template <class Call>
bool fetch(std::string& out, Call call) {
  for (int tries = 0; tries < kTries; ++tries) {
    const ssize_t size = call(nullptr, 0);
    if (size < 0) return false;
    out.resize(static_cast<size_t>(size));
    if (size == 0) return true;
    const ssize_t got = call(out.data(), out.size());
    if (got >= 0) {
      out.resize(static_cast<size_t>(got));
      return true;
    }
    if (errno != ERANGE) return false;
  }
  return false;
}

// As the file system has them. False: errno.
bool read_raw(const Target& target, Attributes& raw) {
  std::string list;
  if (!fetch(list, [&](char* out, size_t size) { return target.list(out, size); }))
    return errno == ENOTSUP;
  size_t total = 0;
  for (size_t at = 0; at < list.size(); at += strlen(list.c_str() + at) + 1) {
    const std::string name = list.c_str() + at;
    if (!kept_attribute(name)) continue;
    std::string value;
    if (!fetch(value,
               [&](char* out, size_t size) { return target.get(name.c_str(), out, size); })) {
      if (errno == ENODATA || errno == ENOTSUP) continue;
      return false;
    }
    total += name.size() + value.size();
    if (total > kMaxAttributeBytes) return (errno = E2BIG, false);
    raw.emplace_back(name, std::move(value));
  }
  std::sort(raw.begin(), raw.end());
  return true;
}

const std::string* find(const Attributes& attributes, const std::string& name) {
  for (const auto& [key, value] : attributes)
    if (key == name) return &value;
  return nullptr;
}

}  // namespace

bool kept_attribute(std::string_view name) {
  return (name.starts_with("user.") && name.size() > 5) || is_acl(name);
}

Result<Attributes> read_attributes(int fd, const std::string& name, Names& names) {
  Attributes attributes;
  if (!read_raw(Target(fd, name), attributes)) {
    return Error{errno == E2BIG
                     ? "more than " + std::to_string(kMaxAttributeBytes >> 10) +
                           " KiB of extended attributes"
                     : std::string("extended attributes cannot be read: ") + strerror(errno)};
  }
  for (auto& [key, value] : attributes) {
    if (!is_acl(key)) continue;
    auto text = acl_to_text(value, names);
    if (!text.ok()) return Error{text.error()};
    value = std::move(*text);
  }
  return attributes;
}

std::vector<std::string> write_attributes(int fd, const Attributes& wanted, Names& names) {
  std::vector<std::string> warnings;
  Attributes present;
  if (!read_raw(Target(fd, ""), present))
    warnings.push_back(std::string("extended attributes cannot be read: ") + strerror(errno));
  for (const auto& [name, value] : present) {
    if (find(wanted, name) != nullptr || fremovexattr(fd, name.c_str()) == 0 || errno == ENODATA)
      continue;
    warnings.push_back("the attribute " + shown(name) + " cannot be removed: " + strerror(errno));
  }
  for (const auto& [name, value] : wanted) {
    if (!kept_attribute(name) || name.find('\0') != std::string::npos) {
      warnings.push_back("the attribute " + shown(name) + " is not one that is kept alike");
      continue;
    }
    std::string raw = value;
    if (is_acl(name)) {
      auto acl = acl_from_text(value, names);
      if (!acl.ok()) {
        warnings.push_back(acl.error());
        continue;
      }
      raw = std::move(*acl);
    }
    const std::string* old = find(present, name);
    if (old != nullptr && *old == raw) continue;
    if (fsetxattr(fd, name.c_str(), raw.data(), raw.size(), 0) != 0)
      warnings.push_back("the attribute " + shown(name) + " cannot be set: " + strerror(errno));
  }
  return warnings;
}

}  // namespace cluster::files
