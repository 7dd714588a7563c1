// What files in mode `merge` hold is kept before a user edits them: then it is in no tree any more.
#include <set>

#include "files/works.h"

namespace cluster::files {

namespace {

constexpr size_t kBasesAStep = 16;

}  // namespace

void Works::note_base(const std::string& root, const std::string& path) {
  const sync::Root* there = sync_.root(root);
  if (there != nullptr && there->config().mode == sync::Mode::kMerge)
    bases_due_.emplace_back(root, path);
}

bool Works::step_bases() {
  for (size_t i = 0; i < kBasesAStep && !bases_due_.empty(); ++i) {
    const auto [root, path] = std::move(bases_due_.front());
    bases_due_.pop_front();
    keep_base(root, path);
  }
  return !bases_due_.empty();
}

void Works::keep_base(const std::string& root, const std::string& path) {
  const auto disk = disks_.find(root);
  const sync::Root* there = sync_.root(root);
  const sync::Held* held = there == nullptr ? nullptr : there->held(path);
  if (disk == disks_.end() || disk->second.looking->tree() == nullptr || held == nullptr ||
      !there->may_be_merged(*held) || bases_.has(held->state.content))
    return;
  const Tree::Opened opened = disk->second.looking->tree()->open_to_read(path);
  if (!opened.fd) return;
  if (const auto bytes = read_all(opened.fd.get(), held->state.size))
    bases_.keep(held->state.content, *bytes);
}

void Works::forget_bases() {
  std::set<std::string> wanted;
  for (const auto& [name, disk] : disks_) {
    const sync::Root* root = sync_.root(name);
    if (root == nullptr || root->config().mode != sync::Mode::kMerge) continue;
    for (const auto& [path, held] : root->all()) {
      if (root->may_be_merged(held)) wanted.insert(held.state.content);
      for (const sync::Former& former : held.former) wanted.insert(former.content);
    }
  }
  bases_.keep_only(wanted);
}

}  // namespace cluster::files
