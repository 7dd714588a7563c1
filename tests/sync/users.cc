// What users of a simulated world do, and what of theirs may be gone by it.
#include <algorithm>
#include <cstdio>

#include "base/digest.h"
#include "tests/sync/world.h"

namespace cluster::sync_sim {

using namespace sync;

std::string World::some_path(Host& host, bool must_exist) {
  if (must_exist) {
    const auto& all = host.folder().all();
    if (all.empty()) return "";
    auto at = all.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(rng_.below(all.size())));
    return at->first;
  }
  std::string folder;
  std::vector<std::string> folders{""};
  for (const auto& [path, found] : host.folder().all())
    if (found.state.type == FileType::kFolder && std::count(path.begin(), path.end(), '/') < 2)
      folders.push_back(path);
  folder = folders[rng_.below(folders.size())];
  const std::string name(1, static_cast<char>('a' + rng_.below(5)));
  return folder.empty() ? name : folder + "/" + name;
}

void World::say_nothing_of(const std::string& content) {
  free_.insert(content);
  free_.insert(parts_[content].begin(), parts_[content].end());
}

void World::end_of(Host& host, const std::string& path, const Parts& carried) {
  const auto found = host.folder().look(path);
  if (!found || found->state.type == FileType::kFolder) return;
  // Where only its creator may, or its owner, it comes back; and what the host has not heard of yet is not the user's to delete.
  const std::string& content = found->state.content;
  ended_by_[host.index()].insert(content);
  if (mode_ == Mode::kOlder || mode_ == Mode::kOwner || !host.knows(path, content) ||
      away_.contains(host.index()))
    return say_nothing_of(content);
  // A copy beside a path says nothing of the path, which may hold the same by now.
  (is_copy(path) ? replaced_copies_ : replaced_).insert(content);
  for (const std::string& part : parts_[content])
    if (!carried.contains(part)) dropped_.insert(part);
  host.ended(path, content);
}

// Of what an edit changes: where texts are merged a user mostly adds to what is there.
World::Parts World::carried_over(const std::optional<Found>& from) {
  if (mode_ != Mode::kMerge || !from || from->state.type != FileType::kFile || rng_.chance(0.2))
    return {};
  Parts out = parts_[from->state.content];
  if (!out.empty() && rng_.chance(0.3)) {
    auto at = out.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(rng_.below(out.size())));
    out.erase(at);
  }
  return out;
}

std::optional<std::string> World::merged(const std::string& base, const std::string& one,
                                         const std::string& other) {
  const std::string &least = std::min(one, other), &greatest = std::max(one, other);
  if (Digest().add(least).add(greatest).value() % 4 == 0) return std::nullopt;
  const Parts &was = parts_[base], &ours = parts_[one], &theirs = parts_[other];
  Parts out;
  for (const Parts* side : {&ours, &theirs})
    for (const std::string& part : *side)
      if (!was.contains(part) || (ours.contains(part) && theirs.contains(part))) out.insert(part);
  Digest digest;
  for (const std::string& part : out) digest.add(part);
  char content[33];
  std::snprintf(content, sizeof content, "merged  %024llu",
                static_cast<unsigned long long>(digest.value()));
  parts_[content] = std::move(out);
  return content;
}

void World::put(Host& host, const std::string& path, const FileState& state) {
  host.folder().put(path, state);
  host.touched(path);
}

void World::write(Host& host, const std::string& path) {
  if (host.folder().holds_folder(path)) return;
  Parts parts = carried_over(host.folder().look(path));
  end_of(host, path, parts);
  FileState state;
  char content[33];
  std::snprintf(content, sizeof content, "content %024llu",
                static_cast<unsigned long long>(++contents_));
  state.content = content;
  state.size = 10 + rng_.below(1000);
  state.type = rng_.chance(0.1) ? FileType::kLink : FileType::kFile;
  if (state.type == FileType::kLink) state.size = 0;
  state.mode = state.type == FileType::kLink ? 0 : 0644;
  state.owner = state.group = "root";
  state.mtime_ns = static_cast<int64_t>(host.wall_us() * 1000);
  written_.insert(state.content);
  parts.insert(state.content);
  parts_[state.content] = std::move(parts);
  put(host, path, state);
  tell(name_of(host) + " writes " + path + ": " + content);
}

void World::make_folder(Host& host, const std::string& path, uint32_t mode) {
  FileState folder;
  folder.type = FileType::kFolder;
  folder.mode = mode;
  folder.owner = folder.group = "root";
  put(host, path, folder);
  tell(name_of(host) + " makes folder " + path);
}

void World::remove(Host& host, const std::string& path) {
  for (const std::string& child : host.folder().below(path)) end_of(host, child);
  end_of(host, path);
  host.folder().remove(path);
  host.touched(path);
  tell(name_of(host) + " deletes " + path);
}

void World::move(Host& host, const std::string& from, const std::string& to) {
  const auto found = host.folder().look(from);
  if (!found || host.folder().look(to) || found->state.type == FileType::kFolder) return;
  host.folder().rename(from, to);
  host.touched(to);
  host.touched(from);
  // Another may have deleted it under its old name, which says nothing of the new one.
  say_nothing_of(found->state.content);
  tell(name_of(host) + " moves " + from + " to " + to);
}

void World::user_acts(Host& host) {
  switch (rng_.below(10)) {
    case 0:
    case 1:
    case 2: return write(host, some_path(host, false));
    case 3:
    case 4: {
      const std::string path = some_path(host, true);
      return path.empty() ? void() : write(host, path);
    }
    case 5: {
      const std::string path = some_path(host, false);
      if (host.folder().look(path)) return;
      return make_folder(host, path, 0755);
    }
    case 6: {
      const std::string path = some_path(host, true);
      return path.empty() ? void() : remove(host, path);
    }
    case 7: {
      const std::string path = some_path(host, true);
      return path.empty() ? void() : move(host, path, some_path(host, false));
    }
    case 8: {
      const std::string path = some_path(host, true);
      const auto found = host.folder().look(path);
      if (!found || found->state.type == FileType::kLink) return;
      FileState state = found->state;
      state.mode ^= 0100;
      if (state.type == FileType::kFile) say_nothing_of(state.content);
      put(host, path, state);
      return tell(name_of(host) + " chmods " + path);
    }
    default: {  // a file becomes a folder, or the reverse
      const std::string path = some_path(host, true);
      const auto found = host.folder().look(path);
      if (!found) return;
      const bool folder = found->state.type == FileType::kFolder;
      remove(host, path);
      if (folder) return write(host, path);
      return make_folder(host, path, 0700);
    }
  }
}

}  // namespace cluster::sync_sim
