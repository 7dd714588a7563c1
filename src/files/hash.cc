#include "files/hash.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "files/digest_thread.h"
#include "files/path.h"

namespace cluster::files {

namespace {

constexpr uint64_t kLargeBytes = 4 << 20;
constexpr size_t kBuffersOfLarge = 4;
constexpr int64_t kLongestTickNs = 50'000'000;
constexpr size_t kBufferBytes = 256 << 10;  // stays in the cache between being cut and being hashed

}  // namespace

Hasher::Hasher(const Tree& tree, std::string path) : tree_(&tree), path_(std::move(path)) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;

Hasher::Step Hasher::fail(const std::string& what, int error) {
  error_ = tree_->error(path_, what, error).text;
  return Step::kFailed;
}

Hasher::Step Hasher::begin() {
  Tree::Opened opened = tree_->open_to_read(path_);
  if (opened.absent() || opened.error == EINVAL) return Step::kGone;
  if (!opened.fd) return fail("cannot be opened", opened.error);
  fd_ = std::move(opened.fd);
  Tree::Entry entry = tree_->entry(fd_.get());
  if (entry.ok() && entry.signature.racy &&
      entry.signature.size >= static_cast<int64_t>(kLargeBytes)) {
    wait_until_settled();
    entry = tree_->entry(fd_.get());
  }
  if (!entry.ok()) return fail("cannot be looked at", entry.error);
  auto state = tree_->state(fd_.get(), entry);
  if (!state.ok()) {
    error_ = shown(join(tree_->path(), path_)) + ": " + state.error();
    return Step::kFailed;
  }
  found_ = {std::move(*state), entry.signature};
  const bool large = found_.state.size >= kLargeBytes;
  if (large) digests_ = std::make_unique<DigestThread>();
  builder_ = std::make_unique<ContentBuilder>(digests_.get());
  buffers_.resize(large ? kBuffersOfLarge : 1);
  // For a small file one byte more, so that it shows if it has grown.
  for (Buffer& buffer : buffers_)
    buffer.bytes.resize(std::min<uint64_t>(kBufferBytes, found_.state.size + 1));
  return Step::kMore;
}

// One that was changed within a tick would have to be read again: for a large file a wait costs less.
void Hasher::wait_until_settled() {
  const int64_t tick = tree_->tick_ns();
  if (tick > kLongestTickNs) return;
  const timespec time{0, tick};
  nanosleep(&time, nullptr);
}

Hasher::Step Hasher::step(uint64_t max_bytes) {
  if (!fd_) {
    if (const Step step = begin(); step != Step::kMore) return step;
  }
  for (uint64_t read_now = 0; read_now == 0 || read_now < max_bytes;) {
    // A store through a mapping sets the mtime when it makes a clean page dirty, and not again. So the pages are made clean
    // before they are read: whatever is stored after that shows.
    sync_file_range(fd_.get(), static_cast<off_t>(offset_), kBufferBytes,
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
    Buffer& buffer = buffers_[next_buffer_];
    if (digests_) digests_->wait_for(buffer.pieces);
    const ssize_t got =
        pread(fd_.get(), buffer.bytes.data(), buffer.bytes.size(), static_cast<off_t>(offset_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("cannot be read", errno);
    if (got == 0) return end();
    const auto count = static_cast<size_t>(got);
    builder_->feed(std::string_view(buffer.bytes).substr(0, count));
    if (digests_) buffer.pieces = digests_->added();
    next_buffer_ = (next_buffer_ + 1) % buffers_.size();
    offset_ += count;
    read_now += count;
    // One that grows as fast as it is read would have no end.
    if (offset_ > found_.state.size) return Step::kChanged;
  }
  return Step::kMore;
}

Hasher::Step Hasher::end() {
  const Tree::Entry after = tree_->entry(fd_.get());
  if (!after.ok()) return fail("cannot be looked at", after.error);
  if (!same_signature(after.signature, found_.signature) || offset_ != found_.state.size)
    return Step::kChanged;
  const Tree::Opened folder = tree_->open_folder(folder_of(path_), O_PATH);
  if (folder.absent()) return Step::kGone;
  if (!folder.fd) return fail("cannot be looked at", folder.error);
  const Tree::Entry named = tree_->entry(folder.fd.get(), std::string(name_of(path_)));
  if (named.error == ENOENT) return Step::kGone;
  if (!named.ok()) return fail("cannot be looked at", named.error);
  if (!same_signature(named.signature, found_.signature)) return Step::kChanged;
  content_ = builder_->finish();
  found_.state.content = content_.digest;
  builder_.reset();
  digests_.reset();
  buffers_.clear();
  fd_.reset();
  return Step::kDone;
}

Content Hasher::take_content() { return std::move(content_); }
sync::Found Hasher::take_found() { return std::move(found_); }

}  // namespace cluster::files
