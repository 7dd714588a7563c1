// What host two hears in the story of recorded_peer_test.cc: from hosts one and three of a released version,
// as it was recorded, or of this version, live. Of the live ones a recording is made.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/recorded/recording.h"
#include "tests/unit/core/lone_host.h"

namespace cluster::core::testing_core {

// The number of a peer is that of its host, and of the link with it.
inline uint32_t peer_of(LinkId link) { return static_cast<uint32_t>(link.value); }

// What the shell of a host does at once: scripts succeed, secrets are derived, both ends alike.
inline std::optional<Event> answer_of_shell(const Action& action, uint32_t self) {
  if (const auto* run = std::get_if<RunScript>(&action))
    return ScriptEnded{run->run, ScriptEnd::kExited, 0};
  if (const auto* derive = std::get_if<DeriveSecret>(&action)) {
    const Generation made{derive->count, 100 * (self + derive->link.value) + derive->count};
    return SecretDerived{derive->link, {made, "sealed " + std::to_string(made.hash)}};
  }
  return std::nullopt;
}

class Peers {
 public:
  virtual ~Peers() = default;
  // Gives, one after the other, all that they say in that part of the story.
  using Hear = std::function<void(LinkId, const std::string& bytes)>;
  virtual void speak(const std::string& part, const Now& now, const Hear& hear) = 0;
  // What host two says to one of them.
  virtual void listen(LinkId, const std::string&) {}
};

class RecordedPeers : public Peers {
 public:
  explicit RecordedPeers(const std::string& version)
      : parts_(recorded::read(recorded::kFolder + version + "/link.txt")) {}

  void speak(const std::string& part, const Now&, const Hear& hear) override {
    ASSERT_TRUE(parts_.contains(part)) << part;
    for (const recorded::Entry& entry : parts_[part])
      hear(LinkId(entry.name == "one" ? 1 : 3), entry.bytes);
  }
  const std::map<std::string, recorded::Part>& parts() const { return parts_; }

 private:
  std::map<std::string, recorded::Part> parts_;
};

class LivePeers : public Peers {
 public:
  // Where `record` names no file yet, what they say is written there.
  LivePeers(const Now& now, Config (*config)(uint32_t), Config newer, const std::string& record)
      : begun_(now), newer_(std::move(newer)) {
    if (!record.empty() && !std::ifstream(record)) out_.open(record);
    const Duration before = seconds(10);
    for (const uint32_t self : {1, 3}) {
      LoneHost& host = hosts_[self];
      host.now = {now.mono - before, now.wall - before};
      host.boot(config(self));
      took_step(self);
      step(self, LocalAddresses{{"192.0.2." + std::to_string(self), "2001:db8::1"}});
    }
    link(1, 3);
    link(3, 1);
    for (Duration passed{}; passed < before; passed += seconds(1)) {
      for (auto& [self, host] : hosts_)
        host.now = {host.now.mono + seconds(1), host.now.wall + seconds(1)};
      for (const uint32_t self : {1, 3}) step(self, Tick{});
      settle(nullptr);
    }
    step(3, Command{RequestId(1), Verb::kDisable, "mail", {}});
    settle(nullptr);
  }

  void listen(LinkId link, const std::string& bytes) override {
    queue_.push_back({2, peer_of(link), bytes});
  }

  void speak(const std::string& part, const Now& now, const Hear& hear) override {
    if (out_.is_open()) out_ << "\n[" << part << "]\n";
    // Their clocks are right, whatever becomes of that of host two.
    for (auto& [self, host] : hosts_) host.now = {now.mono, begun_.wall + (now.mono - begun_.mono)};
    for (const uint32_t self : {1, 3}) step(self, Tick{});
    act(part);
    settle([&](LinkId link, const std::string& bytes) {
      if (out_.is_open()) recorded::write(out_, {link.value == 1 ? "one" : "three", bytes});
      hear(link, bytes);
    });
  }

 private:
  struct Frame {
    uint32_t from, to;
    std::string bytes;
  };

  // What they do of their own in each part.
  void act(const std::string& part) {
    if (part == "greeting") {
      link(1, 2);
      link(3, 2);
    } else if (part == "a stop that ends") {
      step(3, *std::exchange(slow_stop_, {}));
    } else if (part == "a move") {
      step(1, Command{RequestId(2), Verb::kMove, "web", HostId(2)});
    } else if (part == "a restart") {
      step(3, Command{RequestId(3), Verb::kRestart, "web", {}});
    } else if (part == "a claim") {
      deaf_ = true;
      step(3, Command{RequestId(4), Verb::kEnable, "mail", {}});
    } else if (part == "a release") {
      step(3, Command{RequestId(5), Verb::kDisable, "mail", {}});
      deaf_ = false;
    } else if (part == "a claim of another") {
      step(3, Command{RequestId(6), Verb::kStandby, {}, HostId(3)});
      step(1, Command{RequestId(7), Verb::kEnable, "mail", {}});
    } else if (part == "their services file") {
      step(3, ConfigChanged{newer_});
      step(3, Command{RequestId(8), Verb::kOnline, {}, HostId(3)});
    } else if (part == "a lost link") {
      step(1, LinkDown{LinkId(3), "reset"});
      step(3, LinkDown{LinkId(1), "reset"});
    } else if (part == "a goodbye") {
      step(3, Leave{});
    }
  }

  void link(uint32_t at, uint32_t to) {
    LoneHost& host = hosts_[at];
    LinkUp up = host.link_up(to, LinkId(to));
    step(at, up);
  }
  void step(uint32_t self, const Event& event) {
    hosts_[self].step(event);
    took_step(self);
  }
  void took_step(uint32_t self) {
    const Actions actions = hosts_[self].actions;
    for (const Action& action : actions)
      if (const auto* send = std::get_if<Send>(&action))
        queue_.push_back({self, peer_of(send->link), send->bytes});
    for (const Action& action : actions) {
      const auto event = answer_of_shell(action, self);
      const auto* run = std::get_if<RunScript>(&action);
      if (run != nullptr && run->service == "db" && run->script == Script::kStop)
        slow_stop_ = event;
      else if (event)
        step(self, *event);
    }
  }
  // All that is on the way arrives.
  void settle(const Hear& hear) {
    while (!queue_.empty()) {
      const Frame frame = std::move(queue_.front());
      queue_.pop_front();
      if (frame.to == 2) {
        if (hear) hear(LinkId(frame.from), frame.bytes);
      } else if (!deaf_ || frame.from == 2 || frame.to == 1) {
        step(frame.to, Received{LinkId(frame.from), frame.bytes});
      }
    }
  }

  Now begun_;
  Config newer_;  // three's, once it has been edited
  std::map<uint32_t, LoneHost> hosts_;
  std::deque<Frame> queue_;
  std::optional<Event> slow_stop_;  // of db at three
  bool deaf_ = false;               // three hears nothing from one
  std::ofstream out_;
};

}  // namespace cluster::core::testing_core
