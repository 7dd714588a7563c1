// What a file's bytes are, as a tree of digests: a change of one byte in a gigabyte changes one chunk and one node a level, and
// only those travel.
//
// A leaf is a chunk (cut.h), its digest SHA-256(0x00 and its bytes). A node is a level byte (1 above chunks), then 40 bytes
// a child: its digest and the bytes of content below it (big endian); its digest is SHA-256(0x01 and its bytes). The
// children of a level are cut by content too: a node ends after a child whose digest's last 7 bits are zero, but not before its
// 16th child, and at its 512th. The one that is left at the top is the root, and its digest is the file's `content`. A file of
// one chunk (an empty file is one empty chunk) has the chunk's digest and no node.
//
// As with the cut, nothing of this may ever change.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/cut.h"
#include "sync/file_state.h"

namespace cluster::files {

// Goes before a chunk where its digest is made.
inline constexpr std::string_view kLeafMark("\0", 1);

inline constexpr size_t kMinChildren = 16;  // but for the last node of a level
inline constexpr size_t kMaxChildren = 512;
inline constexpr uint64_t kChildrenMask = 127;  // 1 of 128 children ends a node
inline constexpr size_t kChildBytes = sync::kDigestBytes + 8;
inline constexpr size_t kMaxNodeBytes = 1 + kMaxChildren * kChildBytes;
inline constexpr int kMaxNodeLevel = 16;  // 13 do for 2^63 bytes
inline constexpr uint64_t kMaxFileBytes = INT64_MAX;

struct Chunk {
  std::string digest;
  uint64_t size = 0;  // bytes

  bool operator==(const Chunk&) const = default;
};

struct Node {
  std::string digest;
  std::string bytes;

  bool operator==(const Node&) const = default;
};

struct Content {
  std::string digest;
  uint64_t size = 0;          // bytes
  std::vector<Chunk> chunks;  // in order; at least one
  std::vector<Node> nodes;    // level by level from below, the root last; none of a single chunk
};

// SHA-256 with a context that is used again. Memory that runs out ends the program.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  std::string finish();  // the digest; begins anew

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

class DigestThread;

// A file's bytes go in, in order and in pieces of any length; they are hashed where they are. For one file.
class ContentBuilder {
 public:
  // `digests`: makes the digests meanwhile, so that what goes in has to stay until it has passed that; null: nobody does.
  explicit ContentBuilder(DigestThread* digests = nullptr);

  void feed(std::string_view bytes);
  Content finish();

 private:
  void add(std::string_view bytes, bool ends);

  DigestThread* const digests_;
  Sha256 sha_;
  Cutter cutter_;
  uint64_t chunk_size_ = 0;
  Content content_;
};

Content content_of(std::string_view bytes);
std::string chunk_digest(std::string_view bytes);
std::string node_digest(std::string_view bytes);

struct Child {
  std::string digest;
  uint64_t size = 0;  // bytes of content below

  bool operator==(const Child&) const = default;
};

struct ParsedNode {
  int level = 0;  // of 1 the children are chunks, else nodes of the level below
  uint64_t size = 0;
  std::vector<Child> children;
};

// What a peer sent for the node with this digest, whose parent (or file) says that it has `size` bytes below it and, unless it is the
// root (level 0: any), is at `level`. Bytes that are another node's, or that no host makes, give an error.
Result<ParsedNode> parse_node(std::string_view bytes, std::string_view digest, uint64_t size,
                              int level = 0);

}  // namespace cluster::files
