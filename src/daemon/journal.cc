#include "daemon/journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>

#include <algorithm>
#include <array>

namespace cluster::daemon {

namespace {

// A datagram may be as large as the socket's buffer; a larger one is refused, and a line that long helps nobody.
constexpr size_t kMaxTextBytes = 32 * 1024;

struct MessageId {
  std::string_view kind, id;
};
constexpr std::array kMessageIds = {
    MessageId{"host-down", "0a4ba734c15c427fbd4351061c84d79b"},
    MessageId{"host-up", "d2fedc2664f54e0c8e149e3ba7ab53dc"},
    MessageId{"host-flaps", "71c0c62b6e6441dfb828c281c556c042"},
    MessageId{"service-down", "f1db48044286426d8b1dae067d4f0a6a"},
    MessageId{"service-up", "6094381aff614fdea5a37bf88473bea3"},
    MessageId{"service-flaps", "49d5614d2b384e1dbcdbbc8f3783c008"},
    MessageId{"service-failed", "e338455746df440a840f1aca44d8c9fd"},
    MessageId{"stop-failed", "75c2d024f4124e229b11b3096d162b28"},
    MessageId{"failover", "f8b4c757f98845818fa2f57c9838282f"},
    MessageId{"ownership", "2f660be1ddc148cfb0fae2f7f3cb7dfb"},
    MessageId{"conflict", "7ae092775bf14349b6cef81c223003ab"},
    MessageId{"files", "983b8ff90b964497931e5418db7eb1e6"},
    MessageId{"key", "9a17150ce3a14d09b6983fc24c49b3a0"},
    MessageId{"rotation", "e8976fd0c76e4db4a4e6c93fbc18cdb6"},
    MessageId{"clock", "93b88d2c96154216894563d5c4e702ae"},
    MessageId{"storage", "90bf7150a84548dc945182bb6eebc791"},
    MessageId{"offline", "09d572bb05024665bed4c1ccff4e6359"},
    MessageId{"configuration", "dbceb8f7df834f16b862e21abcf84149"},
    MessageId{"maintenance", "89aeb4c811fc45bab957605bbb84c5fb"},
    MessageId{"alerts", "a523ec281d724e88b48b705820b4d10a"},
    MessageId{"daemon", "8c3c5952fac144d88fe20f6e632347fb"},
    MessageId{"service-state", "cc03d19c38a84f5e8d268c3840ea09b3"},
};

// A value of several lines has its length before it, as eight bytes of which the lowest comes first.
void add(std::string& entry, std::string_view name, std::string_view value) {
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    entry += '\n';
    for (unsigned shift = 0; shift < 64; shift += 8)
      entry += static_cast<char>((uint64_t{value.size()} >> shift) & 0xff);
  }
  entry += value;
  entry += '\n';
}

std::string entry_of(int priority, std::string_view text) {
  std::string entry;
  add(entry, "PRIORITY", std::to_string(priority));
  add(entry, "SYSLOG_IDENTIFIER", "clusterd");
  add(entry, "MESSAGE", text.substr(0, kMaxTextBytes));
  return entry;
}

}  // namespace

std::unique_ptr<Journal> Journal::open(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return nullptr;
  ::memcpy(address.sun_path, socket.c_str(), socket.size());
  struct stat info {};
  if (::stat(socket.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return nullptr;
  Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return fd ? std::unique_ptr<Journal>(new Journal(std::move(fd), address)) : nullptr;
}

bool Journal::send(int priority, std::string_view text, const JournalFields& fields) {
  if (lost_ > 0 && put(entry_of(LOG_WARNING, "(" + std::to_string(lost_) +
                                                 " lines lost: the journal did not take them)")))
    lost_ = 0;
  std::string entry = entry_of(priority, text);
  for (const auto& [name, value] : fields)
    if (!value.empty()) add(entry, name, value);
  if (put(entry)) return true;
  ++lost_;
  return false;
}

bool Journal::put(const std::string& entry) {
  return ::sendto(fd_.get(), entry.data(), entry.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&address_),
                  sizeof address_) == static_cast<ssize_t>(entry.size());
}

std::string_view message_id(std::string_view kind) {
  const auto found = std::find_if(kMessageIds.begin(), kMessageIds.end(),
                                  [&](const MessageId& m) { return m.kind == kind; });
  return found == kMessageIds.end() ? std::string_view() : found->id;
}

}  // namespace cluster::daemon
