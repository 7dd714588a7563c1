// Digests of chunks, one after the other, on a thread of its own: who reads and cuts a large file does not wait for them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cluster::files {

class DigestThread {
 public:
  DigestThread();
  ~DigestThread();
  DigestThread(const DigestThread&) = delete;
  DigestThread& operator=(const DigestThread&) = delete;

  // The next bytes of the chunk begun, which `ends` with them or does not. They stay until wait_for() says so.
  void add(std::string_view bytes, bool ends);
  uint64_t added() const { return added_; }
  // Waits until so many pieces have been gone over.
  void wait_for(uint64_t pieces);
  // Of all chunks that have ended, in order, once all pieces have been gone over.
  std::vector<std::string> take_digests();

 private:
  struct Piece {
    std::string_view bytes;
    bool ends = false;
  };
  void run();

  uint64_t added_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  uint64_t passed_ = 0;
  bool closing_ = false;
  std::vector<std::string> digests_;
  std::thread thread_;
};

}  // namespace cluster::files
