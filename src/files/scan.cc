#include "files/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace cluster::files {

namespace {

constexpr size_t kNamesAnEntry = 16;  // names to read cost as much as one entry to look at

}  // namespace

Scan::Scan(const Tree& tree, ScanCalls calls, std::string folder)
    : tree_(tree), calls_(std::move(calls)) {
  pending_.push_back(std::move(folder));
}

Scan::~Scan() { leave(); }

void Scan::leave() {
  if (dir_ != nullptr) closedir(dir_);
  dir_ = nullptr;
  names_.clear();
  next_ = 0;
}

void Scan::unseen(const std::string& path, Unseen why, const std::string& reason) {
  if (calls_.unseen) calls_.unseen(path, why, reason);
}

// False: the scan cannot go on.
bool Scan::enter(std::string folder) {
  folder_ = std::move(folder);
  listed_ = false;
  if (calls_.entering) calls_.entering(folder_);
  Tree::Opened opened = tree_.open_folder(folder_, O_RDONLY);
  const bool first = std::exchange(first_, false);
  if (opened.fd) {
    dir_ = fdopendir(opened.fd.get());
    if (dir_ != nullptr) {
      opened.fd.release();
      return true;
    }
    opened.error = errno;
  }
  const std::string reason = tree_.error(folder_, "cannot be opened", opened.error).text;
  if (first || opened.error == ESTALE) {
    error_ = reason;
    return false;
  }
  // What is gone by now is told of as absent by a look.
  if (opened.absent()) return true;
  unseen(folder_, opened.error == EXDEV ? Unseen::kOtherFileSystem : Unseen::kUnreadable, reason);
  return true;
}

void Scan::read_names(size_t& budget) {
  size_t names = budget * kNamesAnEntry;
  for (; names > 0; --names) {
    errno = 0;
    const dirent* entry = readdir(dir_);
    if (entry == nullptr && errno != 0) {
      // A part of it: those that were read are told of, and that there may be more.
      unseen(folder_, Unseen::kUnreadable,
             tree_.error(folder_, "cannot be read to its end", errno).text);
    }
    if (entry == nullptr) {
      listed_ = true;
      std::sort(names_.begin(), names_.end(),
                [](const Name& a, const Name& b) { return a.inode < b.inode; });
      break;
    }
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      names_.push_back({entry->d_ino, entry->d_type, entry->d_name});
  }
  budget = std::min(budget - 1, names / kNamesAnEntry);
}

void Scan::visit(const Name& entry) {
  const std::string path = join(folder_, entry.name);
  if (const Leftover kind = leftover_kind(entry.name); kind != Leftover::kNone) {
    if (calls_.leftover) calls_.leftover(path, kind);
    return;
  }
  const bool typed = entry.type != DT_UNKNOWN;
  if (typed && calls_.wanted && !calls_.wanted(path, entry.type == DT_DIR)) return;
  ++seen_;
  const Tree::Entry info = tree_.entry(dirfd(dir_), entry.name);
  const bool folder = info.ok() && S_ISDIR(info.mode);
  if (info.error == ENOENT) return;
  // Not all file systems list types, and one may have become another since.
  const bool asked = typed && folder == (entry.type == DT_DIR);
  if (!asked && calls_.wanted && !calls_.wanted(path, folder)) return;
  if (path.size() > kMaxPathBytes) {
    unseen(path, Unseen::kTooLong, tree_.error(path, "is not kept alike", ENAMETOOLONG).text);
    return;
  }
  const bool other = info.mounted || (folder && info.signature.device != tree_.identity().device);
  const bool regular = info.ok() && !other && (folder || S_ISREG(info.mode) || S_ISLNK(info.mode));
  if (!regular || !calls_.known || !calls_.known(path, info.signature)) {
    auto look = tree_.look(dirfd(dir_), entry.name, info);
    if (!look.ok()) {
      unseen(path, Unseen::kUnreadable, shown(join(tree_.path(), path)) + ": " + look.error());
    } else if (look->kind == Look::Kind::kAbsent) {
      return;
    } else if (other) {
      unseen(path, Unseen::kOtherFileSystem,
             shown(join(tree_.path(), path)) + ": is another file system, which is left out");
    } else {
      calls_.found(path, *look);
    }
  }
  if (folder && !other) pending_.push_back(path);
}

Scan::Step Scan::step(size_t entries) {
  if (!error_.empty()) return Step::kFailed;
  for (size_t budget = entries; budget > 0;) {
    if (dir_ == nullptr) {
      if (pending_.empty()) return Step::kDone;
      std::string folder = std::move(pending_.back());
      pending_.pop_back();
      if (!enter(std::move(folder))) return Step::kFailed;
      --budget;
    } else if (!listed_) {
      read_names(budget);
    } else if (next_ < names_.size()) {
      visit(names_[next_++]);
      --budget;
    } else {
      leave();
    }
  }
  return Step::kMore;
}

}  // namespace cluster::files
