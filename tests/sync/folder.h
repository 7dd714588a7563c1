// A simulated folder: paths with what they hold, as a file system would have it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sync/file_state.h"
#include "sync/messages.h"

namespace cluster::sync_sim {

class Folder {
 public:
  const std::map<std::string, sync::Found>& all() const { return paths_; }

  std::optional<sync::Found> look(const std::string& path) const {
    const auto at = paths_.find(path);
    return at == paths_.end() ? std::nullopt : std::optional(at->second);
  }
  bool holds_folder(const std::string& path) const {
    if (path.empty()) return true;
    const auto at = paths_.find(path);
    return at != paths_.end() && at->second.state.type == sync::FileType::kFolder;
  }
  std::vector<std::string> below(const std::string& path) const {
    std::vector<std::string> out;
    const std::string prefix = path + "/";
    for (auto at = paths_.lower_bound(prefix);
         at != paths_.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at)
      out.push_back(at->first);
    return out;
  }

  // Over whatever is there; the folder that it is in has to be.
  sync::Signature put(const std::string& path, const sync::FileState& state) {
    sync::Found& found = paths_[path];
    found.state = state;
    found.signature = {1,
                       ++last_,
                       static_cast<int64_t>(state.size),
                       state.mtime_ns,
                       static_cast<int64_t>(last_),
                       false};
    return found.signature;
  }
  // To where nothing is. It stays what it was but for the time of that.
  sync::Signature rename(const std::string& from, const std::string& to) {
    sync::Found found = paths_.at(from);
    found.signature.ctime_ns = static_cast<int64_t>(++last_);
    remove(from);
    return (paths_[to] = found).signature;
  }
  void remove(const std::string& path) {
    for (const std::string& child : below(path)) paths_.erase(child);
    paths_.erase(path);
  }

 private:
  std::map<std::string, sync::Found> paths_;
  uint64_t last_ = 0;  // inode and time of change
};

}  // namespace cluster::sync_sim
