#include "files/digest_thread.h"

#include <utility>

#include "files/content.h"

namespace cluster::files {

DigestThread::DigestThread() : thread_([this] { run(); }) {}

DigestThread::~DigestThread() {
  {
    std::lock_guard guard(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void DigestThread::add(std::string_view bytes, bool ends) {
  ++added_;
  {
    std::lock_guard guard(mutex_);
    pieces_.push_back({bytes, ends});
  }
  changed_.notify_all();
}

void DigestThread::wait_for(uint64_t pieces) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return passed_ >= pieces; });
}

std::vector<std::string> DigestThread::take_digests() {
  wait_for(added_);
  return std::move(digests_);
}

void DigestThread::run() {
  Sha256 sha;
  sha.add(kLeafMark);
  while (true) {
    std::deque<Piece> pieces;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return closing_ || !pieces_.empty(); });
      if (closing_) return;
      pieces.swap(pieces_);
    }
    std::vector<std::string> digests;
    for (const Piece& piece : pieces) {
      sha.add(piece.bytes);
      if (!piece.ends) continue;
      digests.push_back(sha.finish());
      sha.add(kLeafMark);
    }
    {
      std::lock_guard guard(mutex_);
      passed_ += pieces.size();
      for (std::string& digest : digests) digests_.push_back(std::move(digest));
    }
    changed_.notify_all();
  }
}

}  // namespace cluster::files
