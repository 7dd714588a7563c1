// Over which link content goes to which host: the core says so, and sees none of the bytes.
#pragma once

#include <map>
#include <optional>

#include "core/io.h"

namespace cluster::daemon {

class FileLinks {
 public:
  void up(const core::FilesPeerUp& peer) { links_[peer.node] = peer.link; }
  void down(const core::FilesPeerDown& peer) { links_.erase(peer.node); }

  std::optional<LinkId> of(const NodeId& node) const {
    const auto at = links_.find(node);
    return at == links_.end() ? std::nullopt : std::optional(at->second);
  }
  // Whose link that is.
  std::optional<NodeId> node_at(LinkId link) const {
    for (const auto& [node, of] : links_)
      if (of == link) return node;
    return std::nullopt;
  }

 private:
  std::map<NodeId, LinkId> links_;
};

}  // namespace cluster::daemon
