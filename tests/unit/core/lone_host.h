// A host of the core alone with the test, which is its disk, its peers and its scripts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/hlc.h"
#include "core/node.h"
#include "tests/unit/core/floods.h"
#include "wire/cluster.pb.h"

namespace cluster::core::testing_core {

inline NodeId node(uint8_t number) {
  NodeId id;
  id.bytes.fill(number);
  return id;
}

inline HostEntry host(uint32_t id, const std::string& name) {
  return {HostId(id), name, false, name, 35790};
}

// Hosts one, two and three; what it runs is the test's to say.
inline Config three_hosts(uint32_t self) {
  Config config;
  config.self = HostId(self);
  config.hosts = {host(1, "one"), host(2, "two"), host(3, "three")};
  return config;
}

class LoneHost {
 public:
  // Boots it, with what is on the disk. It may be booted again.
  void boot(Config config) {
    Boot with;
    with.node = node(static_cast<uint8_t>(config.self.value));
    with.node_key = "key of " + std::to_string(config.self.value);
    with.version = "0.1.0";
    with.config = std::move(config);
    with.stored = disk;
    node_ = std::make_unique<Node>(std::move(with));
    actions.clear();
    node_->start(now, actions);
    store();
  }

  // The event, and that all is stored which then is to be. `more`: as Node::step() has it.
  void step(const Event& event, bool more = false) {
    actions.clear();
    node_->step(now, event, actions, more);
    store();
  }

  // The peer says Hello; its number is that of the link, its host, and its node.
  void link(uint32_t peer, LinkId id, const Generation& generation = {}) {
    step(link_up(peer, id, generation));
    wire::Message hello;
    hello.mutable_hello()->set_protocol(1);
    hello.mutable_hello()->set_incarnation(1);
    hear(id, hello);
  }
  LinkUp link_up(uint32_t peer, LinkId id, const Generation& generation = {}) const {
    static const char* const kNames[] = {"", "one", "two", "three"};
    return {id,           node(static_cast<uint8_t>(peer)),
            HostId(peer), kNames[peer],
            DialId(),     "192.0.2." + std::to_string(peer) + ":35790",
            generation};
  }
  void hear(LinkId id, const std::string& bytes, bool more = false) {
    step(Received{id, bytes}, more);
  }
  void hear(LinkId id, const wire::Message& message, bool more = false) {
    hear(id, message.SerializeAsString(), more);
  }

  // ------------------------------------------------------------------ what the last step came to

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> out;
    for (const Action& action : actions)
      if (const auto* found = std::get_if<Kind>(&action)) out.push_back(*found);
    return out;
  }
  std::vector<std::string> sent(LinkId id) const {
    std::vector<std::string> out;
    for (const Send& send : all<Send>())
      if (send.link == id) out.push_back(send.bytes);
    return out;
  }
  std::vector<wire::Message> said(LinkId id) const {
    std::vector<wire::Message> out;
    for (const std::string& bytes : sent(id))
      EXPECT_TRUE(out.emplace_back().ParseFromString(bytes));
    return out;
  }
  std::vector<wire::Record> told(LinkId id) const {
    std::vector<wire::Record> out;
    for (const wire::Message& message : said(id))
      for (wire::Record& record : records_of(message)) out.push_back(std::move(record));
    return out;
  }
  std::vector<wire::Setting> set(LinkId id) const {
    std::vector<wire::Setting> out;
    for (const wire::Message& message : said(id))
      out.insert(out.end(), message.settings().settings().begin(),
                 message.settings().settings().end());
    return out;
  }
  bool closed(LinkId id) const {
    const auto closing = all<CloseLink>();
    return std::any_of(closing.begin(), closing.end(),
                       [&](const CloseLink& close) { return close.link == id; });
  }
  std::vector<std::string> logged(LogLevel level) const {
    std::vector<std::string> out;
    for (const Log& log : all<Log>())
      if (log.level == level) out.push_back(log.text);
    return out;
  }

  const Node& core() const { return *node_; }
  View view() const { return node_->view(now); }

  Now now{MonoTime(hours(1)), kEarliestTime + hours(1)};
  Stored disk;
  Actions actions;  // of the last step

 private:
  void store() {
    for (size_t i = 0; i < actions.size(); ++i) {
      const auto* persist = std::get_if<Persist>(&actions[i]);
      if (persist == nullptr) continue;
      for (const Write& write : persist->writes) {
        if (write.value)
          disk[write.key] = *write.value;
        else
          disk.erase(write.key);
      }
      const StoreTicket ticket = persist->ticket;
      node_->step(now, Persisted{ticket}, actions);
    }
  }

  std::unique_ptr<Node> node_;
};

}  // namespace cluster::core::testing_core
