// Gives other hosts what they ask for of this host's files: pieces of content, a few at a time.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/ids.h"
#include "files/node_list.h"
#include "files/tree.h"
#include "wire/files.pb.h"

namespace cluster::files {

// Asks of one host that wait; beyond that it is told that there is no place for more.
inline constexpr size_t kMaxAsksWaiting = 256;
// What is given in one message, and in one step.
inline constexpr size_t kMaxGivenBytes = 512 << 10;
// A file no longer than this is compressed where that makes it shorter: it costs less than a packet.
inline constexpr size_t kMaxCompressedBytes = 64 << 10;
inline constexpr size_t kMinCompressedBytes = 64;
// Messages with parts of a larger one that are not tried once one has not become shorter by a sixteenth.
inline constexpr size_t kNotPacked = 4;

class Serving {
 public:
  // Where a content is, open; an error says why it is not here.
  struct Opened {
    Fd fd;
    uint64_t size = 0;
    NodeMap nodes;
  };
  struct World {
    std::function<Result<Opened>(const wire::ContentAsk&)> open;
    std::function<void(NodeId to, std::string frame)> give;  // as packing.h says
  };
  explicit Serving(World world) : world_(std::move(world)) {}

  void ask(NodeId from, wire::ContentAsk ask);
  void peer_down(NodeId node);
  bool busy() const { return !waiting_.empty(); }
  // Gives one message's worth, of small files several. True: there is more to do.
  bool step();

 private:
  struct Waiting {
    NodeId from;
    wire::ContentAsk ask;
    int next = 0;  // of its parts
  };
  // Appends it to `out`; an error leaves that as it was.
  static Status read(const Opened& opened, const wire::ContentAsk::Part& part, std::string& out);

  size_t give_of_first();  // bytes
  void open(const wire::ContentAsk& ask, wire::ContentGiven& answer);
  // Puts what differs from the basis in place of the chunk that is in the frame from there on, if that is shorter.
  void tell_difference(std::string& frame, size_t from, const wire::ContentAsk::Part& asked,
                       wire::ContentGiven::Part& part) const;
  int pack_level(const wire::ContentAsk& ask) const;
  void pack(std::string& frame, int level, wire::ContentGiven& answer);

  const World world_;
  std::deque<Waiting> waiting_;
  std::string open_content_;  // what is open, of the newest ask
  std::optional<Opened> opened_;
  size_t not_packed_ = 0;  // of the messages that come next, as one before did not become shorter
};

}  // namespace cluster::files
