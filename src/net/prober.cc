#include "net/prober.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace cluster::net {

namespace {

constexpr size_t kEchoBytes = 8;  // type, code, checksum, identifier, sequence number
constexpr size_t kLargestAnswer = 512;

// RFC 1071.
uint16_t checksum(const std::array<uint8_t, kEchoBytes>& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<uint32_t>(bytes[i]) << 8 | bytes[i + 1];
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~(sum + (sum >> 16)));
}

// The kernel puts in the identifier of a ping socket, and ICMPv6's checksum.
std::array<uint8_t, kEchoBytes> echo_request(bool v6, uint16_t identifier, uint16_t number) {
  std::array<uint8_t, kEchoBytes> out{};
  const auto put = [&](size_t at, uint16_t value) {
    out[at] = static_cast<uint8_t>(value >> 8);
    out[at + 1] = static_cast<uint8_t>(value);
  };
  out[0] = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
  put(4, identifier);
  put(6, number);
  if (!v6) put(2, checksum(out));
  return out;
}

uint16_t own_identifier() { return static_cast<uint16_t>(getpid()); }

}  // namespace

void Prober::perform(const core::Probe& action) {
  for (const core::ProbeTarget& asked : action.targets) {
    const auto target = Endpoint::parse(asked.address, asked.port);
    if (!target) continue;
    if (asked.port != 0) {
      connect(*target);
    } else {
      ask(*target);
    }
  }
}

Prober::Attempts::iterator Prober::add() {
  if (attempts_.size() >= kMaxProbes) attempts_.pop_front();
  attempts_.emplace_back();
  attempts_.back().prober = this;
  return std::prev(attempts_.end());
}

void Prober::remove(const Attempt& attempt) {
  attempts_.remove_if([&](const Attempt& other) { return &other == &attempt; });
}

void Prober::connect(const Endpoint& target) {
  const auto attempt = add();
  attempt->connecting = std::make_unique<ConnectAttempt>(
      base_, target, Departure{}, kProbeTime, [] { return false; },
      [this, attempt](ConnectAttempt::Outcome outcome) {
        const bool there = outcome.fd || outcome.error == ECONNREFUSED;
        attempts_.erase(attempt);
        if (there) answered_();
      });
}

void Prober::ask(const Endpoint& target) {
  const auto attempt = add();
  if (const std::string why = send_echo(*attempt, target); !why.empty()) {
    attempts_.erase(attempt);
    if (std::exchange(told_, why) != why)
      report_.log(core::LogLevel::kWarning,
                  "probe: no echo request to " + target.ip() + ": " + why);
    return;
  }
  told_.clear();
  attempt->event.reset(event_new(
      base_, attempt->echo.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short what, void* of) {
        auto* asked = static_cast<Attempt*>(of);
        asked->prober->ready(*asked, (what & EV_READ) != 0);
      },
      &*attempt));
  start_timer(attempt->event, kProbeTime);
}

std::string Prober::send_echo(Attempt& attempt, const Endpoint& target) {
  const bool v6 = target.family() == AF_INET6;
  const int protocol = v6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
  const auto open = [&](int type) {
    return Fd(socket(target.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  };
  // A ping socket is for the groups of net.ipv4.ping_group_range; a raw one needs CAP_NET_RAW.
  attempt.echo = open(SOCK_DGRAM);
  if (!attempt.echo) {
    attempt.raw = true;
    attempt.echo = open(SOCK_RAW);
  }
  attempt.number = next_number_++;
  const auto bytes = echo_request(v6, own_identifier(), attempt.number);
  if (!attempt.echo || ::connect(attempt.echo.get(), target.get(), target.length()) != 0 ||
      ::send(attempt.echo.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0)
    return strerror(errno);
  return "";
}

// A raw socket of IPv4 gives the IP header, too, and any raw one what was meant for others.
bool Prober::reads_answer(const Attempt& attempt) const {
  std::array<uint8_t, kLargestAnswer> bytes{};
  const ssize_t got = recv(attempt.echo.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  getsockname(attempt.echo.get(), reinterpret_cast<sockaddr*>(&own), &length);
  const bool v6 = own.ss_family == AF_INET6;
  size_t at = attempt.raw && !v6 ? static_cast<size_t>(bytes[0] & 15) * 4 : 0;
  if (static_cast<size_t>(got) < at + kEchoBytes) return false;
  const auto word = [&](size_t offset) {
    return static_cast<uint16_t>(bytes[at + offset] << 8 | bytes[at + offset + 1]);
  };
  const bool reply = bytes[at] == (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY);
  return reply && word(6) == attempt.number && (!attempt.raw || word(4) == own_identifier());
}

void Prober::ready(Attempt& attempt, bool in_time) {
  const bool there = in_time && reads_answer(attempt);
  if (in_time && !there) return;
  remove(attempt);
  if (there) answered_();
}

}  // namespace cluster::net
