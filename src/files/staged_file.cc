#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "files/content.h"
#include "files/place.h"

namespace cluster::files {

namespace {

constexpr size_t kBlockBytes = 4096;
constexpr size_t kMinHoleBytes =
    4 * kBlockBytes;  // shorter ones would make more pieces than they save
constexpr uint64_t kFlushBytes = 8 << 20;

bool all_zero(std::string_view bytes) {
  return bytes[0] == '\0' && memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// How many bytes from the front are zeros, or are not, looking at whole blocks of the file.
size_t run(std::string_view bytes, uint64_t offset, bool& zeros) {
  size_t end = 0;
  while (end < bytes.size()) {
    const size_t block =
        std::min<size_t>(kBlockBytes - (offset + end) % kBlockBytes, bytes.size() - end);
    const bool zero = block == kBlockBytes && all_zero(bytes.substr(end, block));
    if (end == 0) zeros = zero;
    if (zero != zeros) break;
    end += block;
  }
  return end;
}

}  // namespace

StagedFile::Write StagedFile::failed(const std::string& what, int error) {
  error_ = what + ": " + strerror(error);
  return error == ENOSPC || error == EDQUOT ? Write::kNoSpace : Write::kFailed;
}

StagedFile::Write StagedFile::write_at(uint64_t offset, std::string_view bytes) {
  if (offset > size_ || bytes.size() > size_ - offset) {
    error_ = "what was to be written goes beyond the end of the file";
    return Write::kFailed;
  }
  prepared_.reset();  // its mtime goes with each write
  synced_ = false;
  while (!bytes.empty()) {
    bool zeros = false;
    const size_t count = run(bytes, offset, zeros);
    // What a crash left there, or blocks that were allocated ahead, go too.
    const bool hole = zeros && count >= kMinHoleBytes &&
                      fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                static_cast<off_t>(offset), static_cast<off_t>(count)) == 0;
    for (size_t done = hole ? count : 0; done < count;) {
      const ssize_t wrote =
          pwrite(fd_.get(), bytes.data() + done, count - done, static_cast<off_t>(offset + done));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failed("a staged file cannot be written", errno);
      done += static_cast<size_t>(wrote);
    }
    bytes.remove_prefix(count);
    offset += count;
    unflushed_ += hole ? 0 : count;
  }
  flush_some();
  return Write::kDone;
}

// Begun now, so that the sync at the end does not wait for all of it.
void StagedFile::flush_some() {
  if (unflushed_ < kFlushBytes) return;
  sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  unflushed_ = 0;
}

StagedFile::Write StagedFile::copy_range(int source, uint64_t from, uint64_t size, uint64_t to) {
  if (resumed_ || to > size_ || size > size_ - to) return Write::kDiffers;
  prepared_.reset();
  synced_ = false;
  while (size > 0) {
    auto in = static_cast<off_t>(from), out = static_cast<off_t>(to);
    const ssize_t copied = copy_file_range(source, &in, fd_.get(), &out, size, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT))
      return failed("a staged file cannot be written", errno);
    if (copied <= 0) return Write::kDiffers;
    from += static_cast<uint64_t>(copied);
    to += static_cast<uint64_t>(copied);
    size -= static_cast<uint64_t>(copied);
    unflushed_ += static_cast<uint64_t>(copied);
    flush_some();
  }
  return Write::kDone;
}

StagedFile::Write StagedFile::read_chunk(int from, uint64_t offset, uint64_t size,
                                         std::string_view digest) {
  if (size > kMaxChunkBytes || offset > kMaxFileBytes - size) {
    error_ = "a chunk is too large, or beyond what a file can hold";
    return Write::kFailed;
  }
  buffer_.resize(size);
  for (size_t done = 0; done < size;) {
    const ssize_t got =
        pread(from, buffer_.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("a chunk cannot be read", errno);
    if (got == 0) return Write::kDiffers;
    done += static_cast<size_t>(got);
  }
  return chunk_digest(buffer_) == digest ? Write::kDone : Write::kDiffers;
}

StagedFile::Write StagedFile::copy_from(int source, uint64_t from, uint64_t size, uint64_t to,
                                        std::string_view digest) {
  const Write read = read_chunk(source, from, size, digest);
  return read == Write::kDone ? write_at(to, buffer_) : read;
}

bool StagedFile::holds(uint64_t offset, uint64_t size, std::string_view digest) {
  return read_chunk(fd_.get(), offset, size, digest) == Write::kDone;
}

}  // namespace cluster::files
