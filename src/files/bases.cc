#include "files/bases.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "files/content.h"
#include "files/path.h"
#include "posix/fd.h"
#include "sync/root.h"

namespace cluster::files {

namespace {

constexpr std::string_view kTempEnd = ".tmp";

std::string name_of_base(std::string_view content) { return hex(content, 2 * content.size()); }

}  // namespace

std::string Bases::path_of(const std::string& content) const {
  return folder_ + "/" + name_of_base(content);
}

bool Bases::has(const std::string& content) const {
  return access(path_of(content).c_str(), F_OK) == 0;
}

void Bases::keep(const std::string& content, std::string_view bytes) {
  if (bytes.size() > sync::kMaxMergedBytes || has(content) || content_of(bytes).digest != content)
    return;
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
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) != 0 ||
      static_cast<uint64_t>(info.st_size) > sync::kMaxMergedBytes)
    return std::nullopt;
  auto out = read_all(fd.get(), static_cast<uint64_t>(info.st_size));
  if (out && content_of(*out).digest != content) return std::nullopt;
  return out;
}

void Bases::keep_only(const std::set<std::string>& contents) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(folder_.c_str()), closedir);
  if (!folder) return;
  std::set<std::string> wanted{".", ".."};
  for (const std::string& content : contents) wanted.insert(name_of_base(content));
  while (const dirent* entry = readdir(folder.get()))
    if (!wanted.contains(entry->d_name)) unlinkat(dirfd(folder.get()), entry->d_name, 0);
}

std::optional<std::string> read_all(int fd, uint64_t size) {
  std::string out(size, '\0');
  for (size_t done = 0; done < size;) {
    const ssize_t got = pread(fd, out.data() + done, size - done, static_cast<off_t>(done));
    if (got <= 0) return std::nullopt;
    done += static_cast<size_t>(got);
  }
  return out;
}

}  // namespace cluster::files
