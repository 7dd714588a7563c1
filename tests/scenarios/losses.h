// What is said over links, held to what is heard at their other ends.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <variant>

#include "base/digest.h"
#include "tests/sim/tunnels.h"
#include "tests/sim/watcher.h"
#include "tests/sim/world.h"

namespace cluster::sim {

// Longer than any message is under way here.
inline constexpr Duration kUnderWay = seconds(1);

// Holds what comes out of every link to what went in at its other end, and counts what must not happen.
class Losses final : public Watcher {
 public:
  explicit Losses(World& world) : world_(world) { world.watch(*this); }

  // From now on: all links are there that will be.
  void count_from_now() { counting_ = true; }

  uint64_t links_lost = 0, links_made = 0, hosts_lost = 0, messages = 0, mangled = 0;
  uint64_t leaps = 0;  // secrets that did not follow from the one before

  // Sent over sessions through others that are no more, and never heard.
  size_t lost_with_sessions() const {
    size_t count = 0;
    for (const auto& [link, sent] : under_way_)
      if (link >= Tunnels::kFirstLink)
        for (const Sent& message : sent)
          count += !world_.network().is_up(message.from, LinkId(link));
    return count;
  }

  uint64_t rotations(const Machine& at, const Machine& with) const {
    const auto it = newest_.find({at.index(), with.id()});
    return it == newest_.end() ? 0 : it->second;
  }

  // Sent over a link that is up, and should have come.
  size_t outstanding() const {
    size_t count = 0;
    for (const auto& [link, sent] : under_way_)
      for (const Sent& message : sent)
        count += world_.network().is_up(message.from, LinkId(link)) &&
                 world_.now() - message.at > kUnderWay;
    return count;
  }

  void stepped(Machine& machine, const core::Event* event, const core::Actions& out) override {
    if (event != nullptr) {
      if (const auto* received = std::get_if<core::Received>(event)) hear(*received);
      links_lost += counting_ && std::holds_alternative<core::LinkDown>(*event);
      links_made += counting_ && std::holds_alternative<core::LinkUp>(*event);
    }
    for (const core::Action& action : out) {
      if (const auto* send = std::get_if<core::Send>(&action)) {
        under_way_[send->link.value].push_back(
            {machine.index(), world_.now(), Digest().add(send->bytes).value()});
      } else if (const auto* access = std::get_if<core::SetAccess>(&action)) {
        follow(machine, *access);
      }
      links_lost += counting_ && std::holds_alternative<core::CloseLink>(action);
      hosts_lost += counting_ && std::holds_alternative<core::HostOffline>(action);
    }
  }

 private:
  struct Sent {
    MachineId from;
    Instant at;
    uint64_t digest;
  };

  void hear(const core::Received& received) {
    ++messages;
    std::deque<Sent>& sent = under_way_[received.link.value ^ 1];  // as its other end calls it
    if (!sent.empty() && sent.front().digest == Digest().add(received.bytes).value())
      sent.pop_front();
    else
      ++mangled;
  }

  void follow(Machine& machine, const core::SetAccess& access) {
    uint64_t& newest = newest_[{machine.index(), access.host}];
    const uint64_t count =
        access.secrets.empty() ? uint64_t{0} : access.secrets.front().generation.count;
    leaps += count != newest && count != newest + 1;
    newest = count;
  }

  World& world_;
  bool counting_ = false;
  std::map<uint64_t, std::deque<Sent>> under_way_;  // by link, as the sending end calls it
  std::map<std::pair<MachineId, HostId>, uint64_t> newest_;
};

}  // namespace cluster::sim
