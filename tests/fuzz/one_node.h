// A real core::Node with the world around it simulated: a disk that stores at once or fails, scripts that end
// at once or hang, links that swallow what is sent. Every step is held to what a shell may count on.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/node.h"
#include "core/node_state.h"
#include "net/send_queue.h"
#include "tests/fuzz/fuzz.h"
#include "wire/framing.h"

namespace cluster::fuzz {

inline NodeId node_named(char name) { return *NodeId::from_raw(std::string(NodeId::kBytes, name)); }

// This host is 1; 3 has no address of its own.
inline core::Config some_config() {
  core::Config config;
  config.self = HostId(1);
  config.hosts = {{HostId(1), "one.example", false, "one.example", 35790},
                  {HostId(2), "two.example", false, "two.example", 35790},
                  {HostId(3), "laptop", true, "", 0}};
  for (const auto& [name, preference] :
       {std::pair<std::string, std::vector<HostId>>{"web", {HostId(1), HostId(2)}},
        {"db", {HostId(2), HostId(1), HostId(3)}}}) {
    core::ServiceEntry entry;
    entry.name = name;
    entry.preference = preference;
    entry.local = entry.runnable = true;
    entry.has_status = name == "db";
    if (name == "db") entry.ownership = core::Ownership::kMajority;
    config.services.push_back(entry);
  }
  config.probe = {{"192.0.2.1", 0}};
  return config;
}

class OneNode {
 public:
  static constexpr LinkId kToTwo{1}, kToThree{2};

  OneNode() { boot(); }

  // -- What happens to it.
  // `dialled`: by this host, if it is dialling that one.
  void link(LinkId id, bool dialled = false) {
    const bool two = id == kToTwo;
    core::LinkUp up{id, node_named(two ? '2' : '3'), HostId(two ? 2 : 3), "", DialId{}, "", {}};
    up.address = two ? "192.0.2.2:35790" : "[2001:db8::3]:50123";
    if (dialled) up.dial = std::exchange(dials_[up.host], {});
    const core::SetAccess& access = access_[up.host];
    if (!access.secrets.empty()) up.generation = access.secrets.front().generation;
    links_.insert(id);
    step(up);
  }
  void unlink(LinkId id) {
    if (links_.erase(id) > 0) step(core::LinkDown{id, "reset"});
  }
  void receive(LinkId id, const std::string& frame) {
    if (frame.empty() || frame.size() > wire::kMaxFrameBytes) return;
    if (!links_.contains(id)) link(id);
    step(core::Received{id, frame}, frame.size());
  }
  void command(core::Verb verb, const std::string& service, HostId host) {
    step(core::Command{RequestId(++requests_), verb, service, host});
  }
  void reload(const core::Config& config) { step(core::ConfigChanged{config}); }
  void leave() { step(core::Leave{}); }
  // With the wakes that were asked for, as far as time allows.
  void pass(Duration time) {
    const MonoTime until = now_.mono + time;
    for (int i = 0; i < kMaxWakes && wake_ <= until && !left_; ++i) {
      at(std::max(now_.mono, wake_));
      step(core::Tick{});
    }
    at(std::max(now_.mono, until));
    step(core::Tick{});
  }
  void set_scripts(core::ScriptEnd how, int code) { script_how_ = how, script_code_ = code; }
  void let_scripts_hang(bool hang) { scripts_hang_ = hang; }
  void let_disk_fail(bool fail) { disk_fails_ = fail; }
  void let_outside_answer(bool answer) { outside_answers_ = answer; }
  void fail_dial(HostId host, core::DialOutcome outcome) {
    const DialId dial = std::exchange(dials_[host], {});
    if (dial) step(core::DialFailed{dial, outcome, "why"});
  }
  // The engine dies, and starts again from what it had stored.
  void restart() {
    const uint64_t incarnation = node_->inspect().incarnation;
    boot();
    ENSURE(node_->inspect().incarnation > incarnation);
  }

  // After each thing that happened.
  void check() {
    const core::Node::Inspection now = node_->inspect();
    incarnation_ = now.incarnation;
    ENSURE(incarnation_ > 0 && now.epochs.size() <= core::kMaxEpochs);
    voters_ = node_->voters();
    for (const auto& [service, epoch] : now.epochs) {
      uint64_t& before = epochs_[service];
      ENSURE(epoch >= before);
      before = epoch;
    }
  }

  // -- What can be seen of it.
  bool left() const { return left_; }
  const std::vector<std::string>& sent() const { return sent_; }
  const std::optional<wire::Routed>& claimed() const { return claimed_; }
  // The newest of these that it has asked others.
  const wire::Recall& recall() const { return recall_; }
  const wire::Propose& propose() const { return propose_; }
  const core::Voters& voters() const { return voters_; }  // when it was checked last
  uint64_t incarnation() const { return incarnation_; }   // when it was checked last

  void look() const {
    const core::View view = node_->view(now_);
    ENSURE(view.hosts.size() == 3 && view.services.size() <= core::kMaxOrders);
    for (const core::ServiceView& service : view.services) {
      ENSURE(one_line(service.name) && !service.name.empty());
      ENSURE(one_line(service.reason), service.reason.c_str());
      ENSURE(service.reason.size() < kMaxTextBytes);
    }
    for (const core::HostView& host : view.hosts) {
      ENSURE(one_line(host.version) && host.version.size() < kMaxTextBytes);
      ENSURE(one_line(host.address) && host.address.size() < kMaxTextBytes);
    }
    const bool web = std::any_of(view.services.begin(), view.services.end(),
                                 [](const core::ServiceView& s) { return s.name == "web"; });
    ENSURE(node_->explain(now_, "web").has_value() == web);
    static_cast<void>(node_->simulate(now_, {HostId(2)}));
  }

 private:
  static constexpr int kMaxWakes = 12;
  static constexpr size_t kMaxRelays = 2;  // one a host
  static constexpr int kMaxRounds = 24;    // of scripts and writes that follow from each other
  static constexpr size_t kMaxTextBytes = 8192;
  // Of one event; what a frame holds may each cost a few.
  static constexpr size_t kMaxActions = 512;
  static constexpr size_t kBytesPerAction = 8;
  static constexpr size_t kMaxSentBytes = net::kMaxControlQueueBytes / 2;  // on one link

  void at(MonoTime mono) {
    now_.wall += mono - now_.mono;
    now_.mono = mono;
  }

  void boot() {
    core::Boot boot;
    boot.node = node_named('1');
    boot.node_key = "key of one";
    boot.version = "1.0.0";
    boot.config = some_config();
    boot.stored = stored_;
    boot.seed = 1;
    dials_.clear(), tickets_.clear(), links_.clear(), runs_.clear(), killed_.clear(), sent_.clear(),
        busy_.clear(), derived_.clear(), answers_.clear(), access_.clear(), relays_.clear(),
        hellos_.clear();
    file_peers_.clear();
    delays_sleep_ = false;
    last_relay_ = RelayId();
    claimed_.reset();
    epochs_.clear();
    wake_ = core::kNever;
    left_ = false;
    node_ = std::make_unique<core::Node>(std::move(boot));
    core::Actions actions;
    node_->start(now_, actions);
    perform(actions, 0);
    settle();
    step(core::LocalAddresses{{"192.0.2.1"}});
  }

  void step(const core::Event& event, size_t frame_bytes = 0) {
    if (left_) return;
    one(event, frame_bytes);
    settle();
  }

  void one(const core::Event& event, size_t frame_bytes) {
    core::Actions actions;
    node_->step(now_, event, actions);
    perform(actions, frame_bytes);
  }

  // The disk is at once, and so are scripts, unless they start each other for ever.
  void settle() {
    for (int round = 0; round < kMaxRounds && !left_; ++round) {
      const auto tickets = std::exchange(tickets_, {});
      const auto runs = scripts_hang_ ? decltype(runs_)() : std::exchange(runs_, {});
      const auto killed = std::exchange(killed_, {});
      const auto dying = std::exchange(dying_, {});
      const auto derived = std::exchange(derived_, {});
      const auto hellos = std::exchange(hellos_, {});
      const bool answered = std::exchange(probed_, false) && outside_answers_;
      if (answered) one(core::ProbeAnswered{}, 0);
      const auto answers = std::exchange(answers_, {});
      if (tickets.empty() && runs.empty() && killed.empty() && dying.empty() && derived.empty() &&
          hellos.empty() && answers.empty())
        return;
      for (const RelayId relay : hellos)
        if (relays_.contains(relay)) one(core::RelayOut{relay, "ClientHello"}, 0);
      for (const core::SecretDerived& secret : derived) one(secret, 0);
      for (const core::Event& answer : answers) one(answer, 0);
      for (const auto& [ticket, stored] : tickets) {
        if (stored) {
          one(core::Persisted{ticket}, 0);
        } else {
          one(core::PersistFailed{ticket, "no space left"}, 0);
        }
      }
      for (const std::string& service : dying) one(core::ServiceKilled{service, !disk_fails_}, 0);
      for (const auto& [run, service] : killed) {
        busy_.erase(service);
        one(core::ScriptEnded{run, core::ScriptEnd::kSignal, 9}, 0);
      }
      for (const auto& [run, service] : runs) {
        busy_.erase(service);
        one(core::ScriptEnded{run, script_how_, script_code_}, 0);
      }
    }
  }

  void perform(const core::Actions& actions, size_t frame_bytes) {
    ENSURE(actions.size() <= kMaxActions + frame_bytes / kBytesPerAction);
    sent_bytes_.clear();
    for (const core::Action& action : actions)
      std::visit([this](const auto& a) { perform(a); }, action);
  }

  void perform(const core::Send& a) {
    ENSURE(links_.contains(a.link));
    ENSURE(!a.bytes.empty() && a.bytes.size() <= wire::kMaxFrameBytes);
    ENSURE((sent_bytes_[a.link] += a.bytes.size()) <= kMaxSentBytes);
    wire::Message message;
    ENSURE(message.ParseFromString(a.bytes));
    if (message.routed().has_claim()) claimed_ = message.routed();
    if (message.routed().has_recall()) recall_ = message.routed().recall();
    if (message.routed().has_propose()) propose_ = message.routed().propose();
    if (sent_.size() < 64 && a.bytes.size() < 4096) sent_.push_back(a.bytes);
  }
  void perform(const core::CloseLink& a) {
    check_text(a.reason);
    links_.erase(a.link);
  }
  void perform(const core::Dial& a) {
    ENSURE(a.host == HostId(2) || a.host == HostId(3));
    ENSURE(a.dial && a.port != 0 && !a.address.empty() && a.address.size() < 256);
    ENSURE(one_line(a.address));
    dials_[a.host] = a.dial;
  }
  void perform(const core::CancelDial& a) {
    std::erase_if(dials_, [&](const auto& entry) { return entry.second == a.dial; });
  }
  void perform(const core::RunScript& a) {
    ENSURE(a.service == "web" || a.service == "db");
    ENSURE(busy_.insert(a.service).second);  // one script of a service at a time
    for (const auto& [name, value] : a.environment)
      ENSURE(one_line(value) && value.size() < 65'536);
    runs_.emplace_back(a.run, a.service);
  }
  void perform(const core::KillScript& a) {
    const auto killed = std::find_if(runs_.begin(), runs_.end(),
                                     [&](const auto& run) { return run.first == a.run; });
    if (killed == runs_.end()) return;
    killed_.push_back(*killed);
    runs_.erase(killed);
  }
  void perform(const core::KillService& a) {
    ENSURE(dying_.insert(a.service).second);  // not again before it is answered
    const auto of_it = [&](const auto& run) { return run.second == a.service; };
    std::copy_if(runs_.begin(), runs_.end(), std::back_inserter(killed_), of_it);
    std::erase_if(runs_, of_it);
  }
  void perform(const core::Guard& a) {
    ENSURE(a.service == "web" || a.service == "db");
    ENSURE(a.stop_at <= a.kill_at);
  }
  void perform(const core::Unguard&) {}
  void perform(const core::Probe& a) {
    ENSURE(a.targets.size() == 1);
    probed_ = true;
  }
  void perform(const core::DelaySleep& a) {
    ENSURE(std::exchange(delays_sleep_, a.wanted) != a.wanted);
  }
  void perform(const core::FilesPeerUp& a) { ENSURE(file_peers_.insert(a.node).second); }
  void perform(const core::FilesPeerDown& a) { ENSURE(file_peers_.erase(a.node) == 1); }
  void perform(const core::FilesHeard& a) { ENSURE(file_peers_.contains(a.from)); }
  void perform(const core::SendAlert& a) {
    ENSURE(a.alert && !a.kind.empty());
    ENSURE(one_line(a.kind) && one_line(a.subject) && one_line(a.text), a.text.c_str());
    answers_.emplace_back(core::AlertSent{a.alert, disk_fails_ ? "mail: exit 75" : ""});
  }
  void perform(const core::ValidateConfig& a) {
    ENSURE(a.files.bytes() <= core::kMaxPushBytes);
    answers_.emplace_back(core::ConfigValidated{a.id, against(a.files)});
  }
  void perform(const core::ApplyConfig& a) {
    ENSURE(a.id.count != 0 && a.files.bytes() <= core::kMaxPushBytes);
    answers_.emplace_back(core::ConfigApplied{a.id, against(a.files)});
  }
  static std::vector<std::string> against(const core::PushFiles& files) {
    if (files.services != "refused") return {};
    return {"services:1: refused"};
  }
  void perform(const core::Reboot& a) { check_text(a.why); }
  void perform(const core::Persist& a) {
    // An incarnation that is not stored is never spoken under, so it may be taken again.
    ENSURE(!a.writes.empty());
    const bool stored = !disk_fails_ || a.writes.front().key == core::kNodeKey;
    for (const core::Write& write : a.writes) {
      ENSURE(!write.key.empty() && write.key.size() <= 2048);
      if (!stored) continue;
      if (write.value) {
        stored_[write.key] = *write.value;
      } else {
        stored_.erase(write.key);
      }
    }
    tickets_.emplace_back(a.ticket, stored);
  }
  void perform(const core::Wake& a) {
    ENSURE(a.at > now_.mono);
    wake_ = a.at;
  }
  void perform(const core::Reply& a) { ENSURE(one_line(a.text) && a.text.size() < kMaxTextBytes); }
  void perform(const core::HostOnline& a) { check_text(a.name); }
  void perform(const core::HostOffline& a) { check_text(a.name); }
  void perform(const core::ServiceChanged& a) { check_text(a.service); }
  void perform(const core::Alert& a) { check_text(a.text); }
  void perform(const core::Log& a) { check_text(a.text); }
  void perform(const core::Left&) { left_ = true; }
  void perform(const core::SetAccess& a) {
    ENSURE(a.host == HostId(2) || a.host == HostId(3));
    ENSURE(a.secrets.size() <= 3);
    access_[a.host] = a;
  }
  void perform(const core::DeriveSecret& a) {
    ENSURE(links_.contains(a.link) && a.count > 0);
    derived_.push_back({a.link, {{a.count, a.count * 11}, "sealed"}});
  }
  void perform(const core::OpenRelay& a) {
    ENSURE(a.host == HostId(2) || a.host == HostId(3));
    ENSURE(a.relay && a.node && a.node != node_named('1'));
    ENSURE(a.room > 0 && a.room <= core::kRelayWindowBytes);
    ENSURE(a.relay > last_relay_);  // no number comes twice
    last_relay_ = a.relay;
    relays_.insert(a.relay);
    ENSURE(relays_.size() <= kMaxRelays);
    if (a.dials) hellos_.push_back(a.relay);
  }
  void perform(const core::RelayIn& a) {
    ENSURE(relays_.contains(a.relay));
    ENSURE(!a.bytes.empty() && a.bytes.size() <= core::kRelayWindowBytes);
  }
  void perform(const core::RelayRoom& a) {
    ENSURE(relays_.contains(a.relay));
    ENSURE(a.bytes > 0 && a.bytes <= core::kRelayWindowBytes);
  }
  void perform(const core::CloseRelay& a) {
    check_text(a.reason);
    ENSURE(relays_.erase(a.relay) > 0);
  }

  void check_text(const std::string& text) const {
    ENSURE(!text.empty() && text.size() < kMaxTextBytes && one_line(text), text.c_str());
  }

  Now now_{MonoTime(seconds(1000)), core::kEarliestTime + hours(24 * 180)};
  core::Stored stored_;
  std::unique_ptr<core::Node> node_;
  std::set<LinkId> links_;
  std::vector<core::SecretDerived> derived_;
  std::vector<core::Event> answers_;  // answers to what is to be looked at and applied
  std::set<RelayId> relays_;
  std::vector<RelayId> hellos_;  // of which the other end has to hear first
  RelayId last_relay_;
  std::map<HostId, core::SetAccess> access_;
  std::vector<std::pair<StoreTicket, bool>> tickets_;  // and whether it is stored
  std::vector<std::pair<RunId, std::string>> runs_, killed_;
  std::set<std::string> busy_, dying_;
  std::vector<std::string> sent_;
  std::map<LinkId, size_t> sent_bytes_;
  std::map<std::string, uint64_t> epochs_;
  std::optional<wire::Routed> claimed_;
  wire::Recall recall_;
  wire::Propose propose_;
  core::Voters voters_;
  MonoTime wake_ = core::kNever;
  std::map<HostId, DialId> dials_;
  core::ScriptEnd script_how_ = core::ScriptEnd::kExited;
  int script_code_ = 0;
  uint64_t requests_ = 0, incarnation_ = 1;
  bool scripts_hang_ = false, disk_fails_ = false, left_ = false;
  bool probed_ = false, outside_answers_ = false;
  std::set<NodeId> file_peers_;
  bool delays_sleep_ = false;
};

}  // namespace cluster::fuzz
