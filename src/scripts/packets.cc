#include "scripts/packets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

namespace cluster::scripts {

namespace {

union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int) * kMaxPacketDescriptors)];
};

}  // namespace

int send_packet(int socket, const std::string& bytes,
                std::array<int, kMaxPacketDescriptors> descriptors, bool wait) {
  if (bytes.size() > kMaxPacketBytes) return E2BIG;
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  Control control{};
  std::array<int, kMaxPacketDescriptors> given{};
  size_t count = 0;
  for (int fd : descriptors)
    if (fd >= 0) given[count++] = fd;
  if (count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), given.data(), sizeof(int) * count);
  }
  const int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
  ssize_t sent = 0;
  do sent = sendmsg(socket, &message, flags);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

int receive_packet(int socket, Packet* out) {
  ssize_t size = 0;
  do size = recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  while (size < 0 && errno == EINTR);
  if (size < 0) return errno;
  if (size == 0) return EPIPE;
  if (static_cast<size_t>(size) > kMaxPacketBytes) return EBADMSG;
  out->bytes.resize(static_cast<size_t>(size));
  iovec part{out->bytes.data(), out->bytes.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != size) return EBADMSG;
  size_t count = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t fits = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < fits && count < kMaxPacketDescriptors; ++i) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      out->descriptors[count++].reset(fd);
    }
  }
  return 0;
}

}  // namespace cluster::scripts
