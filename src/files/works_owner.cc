// Mode owner: the service that writes a root, and what was written by others.
#include "files/clock.h"
#include "files/works.h"

namespace cluster::files {

void Works::own(sync::Own order, Owned answer) {
  if (order.waits)
    owns_asked_[order.root] = std::move(answer);
  else
    owns_asked_.erase(order.root);
  decide(std::move(order));
}

void Works::end_owning(const std::string& root) {
  owns_asked_.erase(root);
  decide(sync::EndOwning{root});
}

void Works::owned(const sync::Owned& answer) {
  auto asked = owns_asked_.extract(answer.root);
  if (asked.empty()) return;
  asked.mapped()(answer.refused.empty() ? Status() : Status(Error{answer.refused}));
}

bool Works::is_spared(const RetainedVersion& version) const {
  if (!version.pinned()) return false;
  const auto confirmed = confirmed_.find(version.root);
  return confirmed == confirmed_.end() || confirmed->second < version.kept;
}

// nullopt: nothing is pinned there, or more is to be confirmed than that.
std::optional<Result<std::string>> Works::confirm_pinned(const std::string& root) {
  size_t pinned = 0;
  auto visit = retained_.visit(root, [&](const RetainedVersion& version) {
    if (is_spared(version)) ++pinned;
  });
  while (visit.step(1000)) {
  }
  if (pinned == 0) return std::nullopt;
  const WallTime now = read_clocks().wall;
  if (const Status kept = index_->write(
          {{kConfirmedPrefix + root, std::to_string(now.time_since_epoch().count())}});
      !kept)
    return Result<std::string>(Error{kept.error()});
  confirmed_[root] = now;
  const sync::Root* known = sync_.root(root);
  if (known != nullptr && known->holds_deletes_back()) return std::nullopt;
  return std::to_string(pinned) + " versions of " + root + " are kept no longer than others";
}

}  // namespace cluster::files
