// With whom files are talked about: every host to which this one has a session, over that session alone.
#include "core/node_state.h"

namespace cluster::core {

void Node::State::drive_files(Context& context) {
  std::map<NodeId, LinkId> now;
  for (const auto& [id, link] : links.all()) {
    if (!link.established) continue;
    if (const Link* over = links.session(link.node); over != nullptr) now[link.node] = over->id;
  }
  for (const auto& [node, link] : file_links) {
    const auto at = now.find(node);
    if (at == now.end() || at->second != link) context.emit(FilesPeerDown{node});
  }
  for (const auto& [node, link] : now) {
    const auto at = file_links.find(node);
    if (at != file_links.end() && at->second == link) continue;
    const HostId host = links.find(link)->host;
    context.emit(FilesPeerUp{node, host, name_of(host), link});
  }
  file_links = std::move(now);
}

// What comes over a session that the sender has left, or that this end has not come to yet, is of another conversation:
// each begins anew with its session.
void Node::State::receive_files(Context& context, const Link& link, const std::string& bytes) {
  if (const Link* over = links.session(link.node); over == nullptr || over->id != link.id) return;
  const auto at = file_links.find(link.node);
  if (at == file_links.end() || at->second != link.id) drive_files(context);
  context.emit(FilesHeard{link.node, bytes});
}

void Node::State::on(Context& context, const FilesSaid& event) {
  const auto at = file_links.find(event.to);
  const Link* link = at == file_links.end() ? nullptr : links.find(at->second);
  if (link == nullptr || links.session(event.to) != link) return;
  wire::Message message;
  message.set_files(event.bytes);
  send(context, *link, message, Priority::kBulk);
}

}  // namespace cluster::core
