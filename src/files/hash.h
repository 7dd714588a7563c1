// Reads a file into its Content, a slice at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "files/content.h"
#include "files/tree.h"

namespace cluster::files {

class Hasher {
 public:
  enum class Step : uint8_t {
    kMore,
    kDone,
    kChanged,  // the file changed while it was read, or its path leads to another one now: begin anew, later
    kGone,  // there is no regular file (any more)
    kFailed,
  };

  // `tree` outlives it.
  Hasher(const Tree& tree, std::string path);
  ~Hasher();
  Hasher(Hasher&&) noexcept;

  // Reads up to `max_bytes` (at least one buffer of 256 KiB).
  Step step(uint64_t max_bytes);

  const std::string& path() const { return path_; }
  uint64_t bytes_read() const { return offset_; }
  // After kDone, once each. The signature was taken before the first byte was read, and `racy` as of then: a change that came
  // while it was read cannot hide.
  Content take_content();
  sync::Found take_found();                            // with content
  const std::string& error() const { return error_; }  // after kFailed

 private:
  Step begin();
  Step end();
  Step fail(const std::string& what, int error);
  void wait_until_settled();

  const Tree* tree_;
  std::string path_;
  Fd fd_;
  sync::Found found_;
  // Of a large file the digests are made beside, and a buffer is read into again once they have been.
  struct Buffer {
    std::string bytes;
    uint64_t pieces = 0;
  };
  std::unique_ptr<ContentBuilder> builder_;
  std::vector<Buffer> buffers_;
  std::unique_ptr<DigestThread> digests_;  // ends before what it reads
  size_t next_buffer_ = 0;
  uint64_t offset_ = 0;
  Content content_;
  std::string error_;
};

}  // namespace cluster::files
