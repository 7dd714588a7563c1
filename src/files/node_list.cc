#include "files/node_list.h"

namespace cluster::files {

namespace {

void append(std::string& out, std::string_view digest, std::string_view bytes) {
  out += digest;
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<uint8_t>(bytes.size() >> shift));
  out += bytes;
}

bool walk(const NodeMap& nodes, const std::string& digest, uint64_t size, uint64_t offset,
          int level, const std::function<void(const std::string&, uint64_t, uint64_t)>& chunk) {
  const auto at = nodes.find(digest);
  if (at == nodes.end()) return false;
  const auto node = parse_node(at->second, digest, size, level);
  if (!node) return false;
  bool all = true;
  for (const Child& child : node->children) {
    if (node->level == 1) {
      chunk(child.digest, offset, child.size);
    } else {
      all = walk(nodes, child.digest, child.size, offset, node->level - 1, chunk) && all;
    }
    offset += child.size;
  }
  return all;
}

}  // namespace

std::string to_bytes(const std::vector<Node>& nodes) {
  std::string out;
  for (const Node& node : nodes) append(out, node.digest, node.bytes);
  return out;
}

std::string to_bytes(const NodeMap& nodes) {
  std::string out;
  for (const auto& [digest, bytes] : nodes) append(out, digest, bytes);
  return out;
}

NodeMap nodes_from(std::string_view bytes) {
  NodeMap out;
  constexpr size_t kHead = sync::kDigestBytes + 4;
  while (bytes.size() >= kHead) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i)
      length = length << 8 | static_cast<uint8_t>(bytes[sync::kDigestBytes + i]);
    if (bytes.size() - kHead < length) break;
    out.emplace(bytes.substr(0, sync::kDigestBytes), bytes.substr(kHead, length));
    bytes.remove_prefix(kHead + length);
  }
  return out;
}

bool for_each_chunk(
    const NodeMap& nodes, const std::string& content, uint64_t size,
    const std::function<void(const std::string& digest, uint64_t offset, uint64_t bytes)>& chunk) {
  if (nodes.empty()) {
    if (size > kMaxChunkBytes) return false;
    chunk(content, 0, size);
    return true;
  }
  return walk(nodes, content, size, 0, 0, chunk);
}

}  // namespace cluster::files
