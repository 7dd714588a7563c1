// Packets with descriptors, over a pair of SOCK_SEQPACKET sockets.
#pragma once

#include <array>
#include <string>

#include "posix/fd.h"

namespace cluster::scripts {

// What fits into the buffer of a socket as the kernel makes it, environment and arguments of a script included.
inline constexpr size_t kMaxPacketBytes = 192 * 1024;
inline constexpr size_t kMaxPacketDescriptors = 2;

struct Packet {
  std::string bytes;
  std::array<Fd, kMaxPacketDescriptors> descriptors;  // none: none came
};

// 0, or an errno; EAGAIN where `wait` is false and the other end does not read. A descriptor of -1 is none.
int send_packet(int socket, const std::string& bytes,
                std::array<int, kMaxPacketDescriptors> descriptors, bool wait);

// Never waits. 0, or an errno: EAGAIN where nothing has come, EPIPE where the other end is closed, EBADMSG for
// what is too long.
int receive_packet(int socket, Packet* out);

}  // namespace cluster::scripts
