#include "files/bases.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "files/content.h"
#include "files/fd.h"
#include "sync/root.h"

namespace cluster::files {

namespace {

constexpr char kDigits[] = "0123456789abcdef";
constexpr std::string_view kTempEnd = ".tmp";

std::string digest_of(std::string_view bytes) {
  ContentBuilder builder;
  builder.feed(bytes);
  return builder.finish().digest;
}

std::string name_of(std::string_view content) {
  std::string out;
  for (const char byte : content) {
    out += kDigits[static_cast<unsigned char>(byte) >> 4];
    out += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return out;
}

// Empty: it is the name of none.
std::string content_of(std::string_view name) {
  std::string out;
  if (name.size() != 2 * sync::kDigestBytes) return out;
  for (size_t i = 0; i < name.size(); i += 2) {
    const size_t high = std::string_view(kDigits).find(name[i]);
    const size_t low = std::string_view(kDigits).find(name[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return "";
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace

std::string Bases::path_of(const std::string& content) const {
  return folder_ + "/" + name_of(content);
}

bool Bases::has(const std::string& content) const {
  return access(path_of(content).c_str(), F_OK) == 0;
}

void Bases::keep(const std::string& content, std::string_view bytes) {
  if (bytes.size() > sync::kMaxMergedBytes || has(content) || digest_of(bytes) != content) return;
  (void)mkdir(folder_.c_str(), 0700);
  const std::string path = path_of(content), temporary = path + std::string(kTempEnd);
  const Fd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return;
  const ssize_t written = write(fd.get(), bytes.data(), bytes.size());
  if (written != static_cast<ssize_t>(bytes.size()) || rename(temporary.c_str(), path.c_str()) != 0)
    unlink(temporary.c_str());
}

std::optional<std::string> Bases::get(const std::string& content) const {
  const Fd fd(open(path_of(content).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::string out(sync::kMaxMergedBytes + 1, '\0');
  size_t size = 0;
  for (ssize_t got = 1; got > 0 && size < out.size(); size += static_cast<size_t>(got)) {
    got = read(fd.get(), out.data() + size, out.size() - size);
    if (got < 0) return std::nullopt;
  }
  out.resize(size);
  if (digest_of(out) != content) return std::nullopt;
  return out;
}

void Bases::keep_only(const std::function<bool(const std::string& content)>& wanted) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(folder_.c_str()), closedir);
  if (!folder) return;
  while (const dirent* entry = readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (const std::string content = content_of(name); !content.empty() && wanted(content)) continue;
    unlinkat(dirfd(folder.get()), entry->d_name, 0);
  }
}

}  // namespace cluster::files
