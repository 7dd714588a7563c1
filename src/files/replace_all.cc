#include "files/replace_all.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>

#include "posix/fd.h"

namespace cluster::files {

namespace {

constexpr char kJournal[] = ".cluster-replace";
constexpr char kJournalNew[] = ".cluster-replace.new";
constexpr size_t kMaxJournalBytes = 64 * 1024;

std::string staged(const std::string& name) { return "." + name + ".cluster-new"; }

Error failed(const std::string& path, const char* what) {
  return Error{path + ": " + what + ": " + strerror(errno)};
}

std::optional<std::string> read_at(int folder, const std::string& name, size_t most) {
  Fd fd(openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::string out;
  char buffer[16384];
  for (;;) {
    const ssize_t got = read(fd.get(), buffer, sizeof buffer);
    if (got < 0) return std::nullopt;
    if (got == 0) return out;
    out.append(buffer, static_cast<size_t>(got));
    if (out.size() > most) {
      errno = EFBIG;
      return std::nullopt;
    }
  }
}

bool write_all(int fd, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t put = write(fd, bytes.data() + at, bytes.size() - at);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    at += static_cast<size_t>(put);
  }
  return true;
}

// Whole and on the disk, or not there.
bool write_at(int folder, const std::string& name, const std::string& bytes,
              const struct stat* like) {
  if (unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return false;
  Fd fd(openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return false;
  bool good = write_all(fd.get(), bytes);
  if (good && like != nullptr) {
    // A user who is not root has files of his own only.
    if (fchown(fd.get(), like->st_uid, like->st_gid) != 0 && errno != EPERM) good = false;
    good = good && fchmod(fd.get(), like->st_mode & 07777) == 0;
  }
  good = good && fsync(fd.get()) == 0;
  if (good) return true;
  const int error = errno;
  unlinkat(folder, name.c_str(), 0);
  errno = error;
  return false;
}

Status make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed(path, "mkdir");
  return {};
}

void forget_oldest(const std::string& keep) {
  std::error_code error;
  std::vector<std::filesystem::path> kept;
  for (const auto& entry : std::filesystem::directory_iterator(keep, error))
    kept.push_back(entry.path());
  std::sort(kept.begin(), kept.end());
  for (size_t i = 0; i + kMaxReplacedKept < kept.size(); ++i)
    std::filesystem::remove_all(kept[i], error);
}

Status keep_replaced(int folder, const std::vector<NewFile>& changed, const std::string& keep,
                     const std::string& label) {
  const std::string to = std::string(keep).append("/").append(label);
  for (const std::string& path : {keep, to})
    if (Status made = make_folder(path); !made) return made;
  Fd kept(open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!kept) return failed(to, "open");
  for (const NewFile& file : changed) {
    const auto old = read_at(folder, file.name, SIZE_MAX);
    if (!old && errno == ENOENT) continue;
    if (!old) return failed(file.name, "read");
    if (!write_at(kept.get(), file.name, *old, nullptr))
      return failed(std::string(to).append("/").append(file.name), "write");
  }
  if (fsync(kept.get()) != 0) return failed(to, "fsync");
  forget_oldest(keep);
  return {};
}

Fd open_folder(const std::string& folder) {
  return Fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

Status rename_all(int folder, const std::string& path, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (renameat(folder, staged(name).c_str(), folder, name.c_str()) != 0 && errno != ENOENT)
      return failed(std::string(path).append("/").append(name), "rename");
  if (fsync(folder) != 0) return failed(path, "fsync");
  if (unlinkat(folder, kJournal, 0) != 0) return failed(path + "/" + kJournal, "unlink");
  if (fsync(folder) != 0) return failed(path, "fsync");
  return {};
}

Status stage_all(int folder, const std::string& path, const std::vector<NewFile>& changed) {
  for (const NewFile& file : changed) {
    struct stat info {};
    const bool there = fstatat(folder, file.name.c_str(), &info, 0) == 0;
    if (!write_at(folder, staged(file.name), file.bytes, there ? &info : nullptr))
      return failed(std::string(path).append("/").append(file.name), "write");
  }
  return {};
}

}  // namespace

Status replace_all(const std::string& folder, const std::vector<NewFile>& files,
                   const std::string& keep, const std::string& label) {
  if (Status before = finish_replacing(folder); !before) return before;
  const Fd opened = open_folder(folder);
  if (!opened) return failed(folder, "open");
  const int at = opened.get();
  std::vector<NewFile> changed;
  for (const NewFile& file : files)
    if (read_at(at, file.name, file.bytes.size()) != file.bytes) changed.push_back(file);
  if (changed.empty()) return {};

  std::string journal;
  std::vector<std::string> names;
  for (const NewFile& file : changed) {
    names.push_back(file.name);
    journal += file.name + "\n";
  }
  const auto none = [&](Status why) {
    for (const std::string& name : names) unlinkat(at, staged(name).c_str(), 0);
    unlinkat(at, kJournalNew, 0);
    return why;
  };
  if (Status kept = keep_replaced(at, changed, keep, label); !kept) return none(kept);
  if (Status written = stage_all(at, folder, changed); !written) return none(written);
  if (!write_at(at, kJournalNew, journal, nullptr) || fsync(at) != 0 ||
      renameat(at, kJournalNew, at, kJournal) != 0)
    return none(failed(folder + "/" + kJournal, "write"));
  // From here on it is done, now or later.
  if (fsync(at) != 0) return failed(folder, "fsync");
  return rename_all(at, folder, names);
}

Status finish_replacing(const std::string& folder) {
  const Fd opened = open_folder(folder);
  if (!opened) return {};  // whoever reads it will say so
  const auto journal = read_at(opened.get(), kJournal, kMaxJournalBytes);
  if (!journal && errno == ENOENT) return {};
  if (!journal) return failed(folder + "/" + kJournal, "read");
  std::vector<std::string> names;
  std::istringstream lines(*journal);
  for (std::string name; std::getline(lines, name);)
    if (!name.empty() && name.find('/') == std::string::npos) names.push_back(name);
  return rename_all(opened.get(), folder, names);
}

}  // namespace cluster::files
