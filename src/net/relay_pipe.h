// This end of a relayed session, between a Connection and the core: what the Connection writes into its end of a
// pair of sockets comes out in pieces, no more of it than there is room for; what the pieces of the other end
// bring, it can read. Nothing here looks into the bytes.
//
// The owner, who is called from the loop or from within in() and look(), does not delete it from within a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "core/io.h"
#include "loop/event.h"
#include "net/socket.h"

namespace cluster::net {

// Of what has come and the Connection has not read: twice of what may be on its way.
inline constexpr size_t kMaxRelayWaitingBytes = 2 * core::kRelayWindowBytes;

class RelayPipe {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void relay_out(RelayId relay, std::string bytes) = 0;
    // Once, and nothing after it: the Connection has closed its end, and all that it wrote has been handed out; or
    // the other end sent too much, which `reason` says (else it is empty).
    virtual void relay_ended(RelayId relay, const std::string& reason) = 0;
  };

  // `socket`: of a pair, whose other end is the Connection's. `owner` outlives it.
  RelayPipe(event_base* base, RelayId relay, Fd socket, size_t room, Owner& owner);
  RelayPipe(const RelayPipe&) = delete;
  RelayPipe& operator=(const RelayPipe&) = delete;

  void in(std::string_view bytes);
  void add_room(size_t bytes);
  // The Connection gets what has come in, and then sees the end. The owner hears nothing any more.
  void close();
  // The Connection has gone: if nothing that it wrote waits for room, this is the end.
  void look();

 private:
  enum class Stage : uint8_t { kOpen, kClosed, kEnded };

  void on_readable();
  void deliver();
  void end(const std::string& reason);

  RelayId relay_;
  Fd socket_;
  size_t room_;
  Owner& owner_;
  Stage stage_ = Stage::kOpen;
  std::string waiting_;  // for the Connection to read
  EventPtr readable_;
  EventPtr writable_;
};

}  // namespace cluster::net
