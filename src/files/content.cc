#include "files/content.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/ensure.h"
#include "files/digest_thread.h"

namespace cluster::files {

namespace {

constexpr std::string_view kNodeMark("\1", 1);

// Fetched once: by name at each digest it costs more than hashing a small chunk.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  ENSURE(fetched != nullptr, "no SHA-256");
  return fetched;
}

std::string marked_digest(std::string_view mark, std::string_view bytes) {
  Sha256 sha;
  sha.add(mark);
  sha.add(bytes);
  return sha.finish();
}

bool ends_node(const std::string& digest) {
  return (static_cast<unsigned char>(digest.back()) & kChildrenMask) == 0;
}

void put_size(std::string& out, uint64_t size) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
}

uint64_t get_size(std::string_view bytes) {
  uint64_t size = 0;
  for (const char c : bytes) size = size << 8 | static_cast<unsigned char>(c);
  return size;
}

// The most that a child of a node at `level` has below it.
uint64_t most_below(int level) {
  uint64_t most = kMaxChunkBytes;
  for (int i = 1; i < level; ++i) {
    if (most > kMaxFileBytes / kMaxChildren) return kMaxFileBytes;
    most *= kMaxChildren;
  }
  return most;
}

// The nodes above `below`, appended to `nodes`; the result stands for them in the level above.
std::vector<Child> nodes_above(const std::vector<Child>& below, int level,
                               std::vector<Node>& nodes) {
  std::vector<Child> above;
  for (size_t i = 0; i < below.size();) {
    Node node;
    node.bytes.reserve(kMaxNodeBytes / 4);
    node.bytes += static_cast<char>(level);
    Child whole;
    for (size_t count = 1; i < below.size(); ++count) {
      const Child& child = below[i++];
      node.bytes += child.digest;
      put_size(node.bytes, child.size);
      whole.size += child.size;
      if (count == kMaxChildren || (count >= kMinChildren && ends_node(child.digest))) break;
    }
    node.bytes.shrink_to_fit();
    node.digest = node_digest(node.bytes);
    whole.digest = node.digest;
    nodes.push_back(std::move(node));
    above.push_back(std::move(whole));
  }
  return above;
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* const evp = EVP_MD_CTX_new();

  Context() { ENSURE(evp != nullptr, "out of memory"); }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void begin() const { ENSURE(EVP_DigestInit_ex2(evp, algorithm(), nullptr) == 1); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { context_->begin(); }
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  ENSURE(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::string digest(sync::kDigestBytes, '\0');
  unsigned int length = 0;
  ENSURE(EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(digest.data()),
                            &length) == 1 &&
         length == digest.size());
  context_->begin();
  return digest;
}

ContentBuilder::ContentBuilder(DigestThread* digests) : digests_(digests) { sha_.add(kLeafMark); }

void ContentBuilder::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    bool ended = false;
    const size_t used = cutter_.next(bytes, ended);
    add(bytes.substr(0, used), ended);
    bytes.remove_prefix(used);
  }
}

void ContentBuilder::add(std::string_view bytes, bool ends) {
  chunk_size_ += bytes.size();
  if (digests_ != nullptr) {
    digests_->add(bytes, ends);
  } else {
    sha_.add(bytes);
  }
  if (!ends) return;
  content_.chunks.push_back({digests_ != nullptr ? std::string() : sha_.finish(), chunk_size_});
  content_.size += chunk_size_;
  chunk_size_ = 0;
  if (digests_ == nullptr) sha_.add(kLeafMark);
}

Content ContentBuilder::finish() {
  if (chunk_size_ > 0 || content_.chunks.empty()) add({}, true);
  if (digests_ != nullptr) {
    std::vector<std::string> digests = digests_->take_digests();
    for (size_t i = 0; i < digests.size(); ++i) content_.chunks[i].digest = std::move(digests[i]);
  }
  std::vector<Child> level;
  level.reserve(content_.chunks.size());
  for (const Chunk& chunk : content_.chunks) level.push_back({chunk.digest, chunk.size});
  for (int above = 1; level.size() > 1; ++above) level = nodes_above(level, above, content_.nodes);
  content_.digest = level.front().digest;
  return std::move(content_);
}

Content content_of(std::string_view bytes) {
  ContentBuilder builder;
  builder.feed(bytes);
  return builder.finish();
}

std::string chunk_digest(std::string_view bytes) { return marked_digest(kLeafMark, bytes); }
std::string node_digest(std::string_view bytes) { return marked_digest(kNodeMark, bytes); }

Result<ParsedNode> parse_node(std::string_view bytes, std::string_view digest, uint64_t size,
                              int level) {
  if (bytes.size() < 1 + kChildBytes || bytes.size() > kMaxNodeBytes ||
      (bytes.size() - 1) % kChildBytes != 0)
    return Error{"a node of content of " + std::to_string(bytes.size()) + " bytes"};
  if (node_digest(bytes) != digest) return Error{"a node of content that is not the one asked for"};
  ParsedNode node;
  node.level = static_cast<unsigned char>(bytes[0]);
  if (node.level < 1 || node.level > kMaxNodeLevel || (level != 0 && node.level != level))
    return Error{"a node of content at level " + std::to_string(node.level)};
  bytes.remove_prefix(1);
  const size_t count = bytes.size() / kChildBytes;
  if (level == 0 && count < 2) return Error{"a root of content with one child"};
  const uint64_t most = most_below(node.level);
  node.children.reserve(count);
  for (size_t i = 1; i <= count; ++i, bytes.remove_prefix(kChildBytes)) {
    Child child{std::string(bytes.substr(0, sync::kDigestBytes)),
                get_size(bytes.substr(sync::kDigestBytes, kChildBytes - sync::kDigestBytes))};
    // Only a file's last chunk may be shorter.
    const uint64_t least = i < count ? kMinChunkBytes : 1;
    if (child.size < least || child.size > most || child.size > kMaxFileBytes - node.size)
      return Error{"a node of content whose child has " + std::to_string(child.size) + " bytes"};
    if (i < count && i >= kMinChildren && ends_node(child.digest))
      return Error{"a node of content that goes on where it ends"};
    node.size += child.size;
    node.children.push_back(std::move(child));
  }
  if (node.size != size)
    return Error{"a node of content for " + std::to_string(node.size) + " bytes instead of " +
                 std::to_string(size)};
  return node;
}

}  // namespace cluster::files
