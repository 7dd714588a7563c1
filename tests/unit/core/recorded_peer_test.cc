// Host two, of this version, among hosts one and three of a released one. One story, in which they say all
// that there is to say, told once with each recording and once with live peers of this version.
//
// What host two says is read as they would: by the schema that their version was released with.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "recorded/v1/cluster.pb.h"
#include "tests/unit/core/live_peers.h"

namespace cluster::core {
namespace {

bool by_passphrases(const SetAccess& access) {
  return std::find(access.secrets.begin(), access.secrets.end(), PairSecret{}) !=
         access.secrets.end();
}

namespace v1 = recorded::v1;
using namespace testing_core;

constexpr LinkId kOne{1}, kThree{3};
const Now kStart{MonoTime(hours(1)), kEarliestTime + hours(24)};

ServiceEntry service(const std::string& name, const std::vector<uint32_t>& line, uint32_t self) {
  ServiceEntry out;
  out.name = name;
  for (const uint32_t id : line) {
    out.preference.emplace_back(id);
    out.local = out.local || id == self;
  }
  out.runnable = out.local;
  return out;
}

Config config(uint32_t self) {
  Config out = three_hosts(self);
  out.services = {service("web", {1, 2}, self), service("db", {2, 3}, self),
                  service("mail", {3, 1}, self)};
  out.rekey_interval = seconds(3);
  return out;
}

Config with_cron(Config out, const std::vector<uint32_t>& line) {
  out.services.push_back(service("cron", line, out.self.value));
  return out;
}

class StoryOfVersions : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    two_.now = kStart;
    const char* record = std::getenv("CLUSTER_RECORD");
    if (GetParam() == "live")
      peers_ =
          std::make_unique<LivePeers>(kStart, config, with_cron(config(3), {3, 1}),
                                      record == nullptr ? "" : std::string(record) + "/link.txt");
    else
      peers_ = std::make_unique<RecordedPeers>(GetParam());
    two_.boot(config(2));
    took_step();
  }

  void happen(const Event& event) {
    two_.step(event);
    took_step();
  }
  void took_step() {
    const Actions actions = two_.actions;
    for (const Action& action : actions) {
      done_.push_back(action);
      if (const auto* send = std::get_if<Send>(&action)) {
        v1::Message& message = said_[send->link].emplace_back();
        EXPECT_TRUE(message.ParseFromString(send->bytes));
        EXPECT_NE(message.body_case(), v1::Message::BODY_NOT_SET);
        if (message.rotation().step() == v1::Rotation::ACCEPTED && message.rotation().count() == 2)
          candidate_disk_ = two_.disk;
        peers_->listen(send->link, send->bytes);
      }
      if (const auto* access = std::get_if<SetAccess>(&action)) access_[access->host] = *access;
      if (const auto* run = std::get_if<RunScript>(&action))
        scripts_.push_back(run->service + (run->script == Script::kStart ? " start " : " stop ") +
                           environment(*run, "CLUSTER_EPOCH") + " from " +
                           environment(*run, "CLUSTER_FROM"));
    }
    for (const Action& action : actions)
      if (const auto event = answer_of_shell(action, 2)) happen(*event);
  }
  static std::string environment(const RunScript& run, const std::string& name) {
    for (const auto& [key, value] : run.environment)
      if (key == name) return value;
    return "";
  }

  void pass(Duration time) { two_.now = {two_.now.mono + time, two_.now.wall + time}; }
  // The disk as it was while a secret had been stored and not been proved yet.
  void record_disk() const {
    const char* folder = std::getenv("CLUSTER_RECORD");
    if (GetParam() != "live" || folder == nullptr) return;
    const std::string path = std::string(folder) + "/store.txt";
    if (std::ifstream(path)) return;
    std::ofstream out(path);
    out << "[disk]\n";
    for (const auto& [key, value] : candidate_disk_) recorded::write(out, {key, value});
  }
  // What follows is a part of the story of its own.
  void forget() {
    done_.clear();
    said_.clear();
    scripts_.clear();
  }
  // What the others say in it, each frame a millisecond after the one before.
  void hear(const std::string& part) {
    peers_->speak(part, two_.now, [this](LinkId link, const std::string& bytes) {
      pass(milliseconds(1));
      happen(Received{link, bytes});
    });
    EXPECT_EQ(two_.view().malformed_messages, 0u) << part;
  }
  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> out;
    for (const Action& action : done_)
      if (const auto* found = std::get_if<Kind>(&action)) out.push_back(*found);
    return out;
  }
  bool alerted(const std::string& text) const {
    const auto alerts = all<Alert>();
    return std::any_of(alerts.begin(), alerts.end(),
                       [&](const Alert& a) { return a.text.find(text) != std::string::npos; });
  }
  std::vector<v1::Answer::Verdict> verdicts(LinkId link) {
    std::vector<v1::Answer::Verdict> out;
    for (const v1::Message& message : said_[link])
      if (message.routed().has_answer()) out.push_back(message.routed().answer().verdict());
    return out;
  }
  // Whether host two said that step of a rotation, to the secret of that generation.
  bool rotated(LinkId link, v1::Rotation::Step step, uint64_t count) {
    const auto& said = said_[link];
    return std::any_of(said.begin(), said.end(), [&](const v1::Message& m) {
      return m.has_rotation() && m.rotation().step() == step && m.rotation().count() == count &&
             m.rotation().hash() == 100 * (2 + link.value) + count;
    });
  }
  HostView seen(uint32_t id) const { return two_.view().hosts.at(id - 1); }
  std::string where(const std::string& name) const {
    for (const ServiceView& service : two_.view().services)
      if (service.name == name)
        return std::string(to_string(service.state)) + " " + std::to_string(service.host.value) +
               " epoch " + std::to_string(service.epoch);
    return "";
  }

  LoneHost two_;
  std::unique_ptr<Peers> peers_;
  Actions done_;
  std::map<LinkId, std::vector<v1::Message>> said_;
  std::vector<std::string> scripts_;
  std::map<HostId, SetAccess> access_;
  Stored candidate_disk_;
};

TEST_P(StoryOfVersions, IsTheSameWithAllOfThem) {
  using Verdicts = std::vector<v1::Answer::Verdict>;
  // They run what there is to run, have disabled mail, and take this host in.
  forget();
  happen(two_.link_up(1, kOne));
  happen(two_.link_up(3, kThree));
  hear("greeting");
  EXPECT_TRUE(all<CloseLink>().empty());
  EXPECT_EQ(all<HostOnline>().size(), 2u);
  EXPECT_TRUE(two_.core().inspect().settled);
  EXPECT_EQ(seen(1).path, Path::kDirect);
  EXPECT_EQ(seen(3).version, "0.1.0");
  EXPECT_EQ(where("web"), "running 1 epoch 1");
  EXPECT_EQ(where("mail"), "stopped 0 epoch 1");
  EXPECT_TRUE(two_.view().services.at(2).disabled);
  // It is the first of the line of db: three makes way, and nobody grants that before it has.
  EXPECT_EQ(where("db"), "stopping 3 epoch 1");
  // One has replaced the passphrases, and so has this host with three.
  EXPECT_TRUE(rotated(kOne, v1::Rotation::ACCEPTED, 1));
  EXPECT_TRUE(rotated(kThree, v1::Rotation::OFFER, 1));
  EXPECT_TRUE(rotated(kThree, v1::Rotation::SETTLED, 1));
  for (const uint32_t peer : {1, 3}) {
    EXPECT_FALSE(by_passphrases(access_[HostId(peer)]));
    ASSERT_EQ(access_[HostId(peer)].secrets.size(), 1u);
    EXPECT_EQ(access_[HostId(peer)].secrets[0].generation.count, 1u);
  }

  forget();
  hear("a stop that ends");
  EXPECT_EQ(where("db"), "running 2 epoch 2");
  EXPECT_EQ(scripts_, std::vector<std::string>{"db start 2 from 3"});

  forget();
  for (const char* second : {"beats", "beats that echo those"}) {
    pass(seconds(1));
    happen(Tick{});
    hear(second);
  }
  for (const uint32_t peer : {1, 3}) {
    ASSERT_TRUE(seen(peer).rtt);
    EXPECT_LT(*seen(peer).rtt, milliseconds(10));
  }

  // An operator at one moves web here, another at three restarts it.
  forget();
  hear("a move");
  EXPECT_EQ(scripts_, std::vector<std::string>{"web start 2 from 1"});
  EXPECT_EQ(where("web"), "running 2 epoch 2");
  forget();
  hear("a restart");
  EXPECT_EQ(scripts_, (std::vector<std::string>{"web stop 2 from 2", "web start 2 from 1"}));

  // Three claims mail, which is enabled again, and gives up.
  forget();
  hear("a claim");
  EXPECT_FALSE(two_.view().services.at(2).disabled);
  EXPECT_EQ(verdicts(kThree), Verdicts{v1::Answer::GRANTED});
  EXPECT_EQ(where("mail"), "claiming 3 epoch 2");
  forget();
  hear("a release");
  EXPECT_TRUE(two_.view().services.at(2).disabled);
  // With three on standby it is one that claims it, and nobody is in its way any more.
  forget();
  hear("a claim of another");
  EXPECT_TRUE(seen(3).standby);
  EXPECT_EQ(verdicts(kOne), Verdicts{v1::Answer::GRANTED});
  EXPECT_EQ(where("mail"), "running 1 epoch 3");

  // Each takes the services file of whoever has edited it last.
  forget();
  happen(ConfigChanged{with_cron(config(2), {1})});
  hear("its services file");
  for (const LinkId link : {kOne, kThree}) {
    const auto& said = said_[link];
    const auto given = std::find_if(said.begin(), said.end(),
                                    [](const v1::Message& m) { return m.routed().has_orders(); });
    ASSERT_NE(given, said.end());
    EXPECT_EQ(given->routed().orders().configuration().count(), 2u);
    EXPECT_EQ(given->routed().orders().orders(3).service(), "cron");
  }
  forget();
  hear("their services file");
  EXPECT_EQ(two_.core().inspect().configuration_count, 3u);
  EXPECT_EQ(two_.view().services.at(3).preference, (std::vector<HostId>{HostId(3), HostId(1)}));
  EXPECT_TRUE(alerted("the services file of this host differs"));
  EXPECT_EQ(where("cron"), "running 3 epoch 1");

  // This host's clock is an hour ahead for a while; both refuse what it stamps then.
  forget();
  two_.now.wall += hours(1);
  happen(Command{RequestId(1), Verb::kClear, "cron", {}});
  hear("a wrong clock");
  two_.now.wall -= hours(1);
  EXPECT_TRUE(alerted("this host's clock is ahead"));
  for (const LinkId link : {kOne, kThree}) {
    std::vector<uint64_t> stamps;
    for (const v1::Message& message : said_[link])
      for (const v1::Setting& setting : message.settings().settings())
        if (setting.key() == "clear/cron") stamps.push_back(setting.wall_us());
    ASSERT_GE(stamps.size(), 2u);
    EXPECT_GT(stamps.front(), wall_us(two_.now.wall + minutes(59)));
    EXPECT_LE(stamps.back(), wall_us(two_.now.wall));
  }

  forget();
  pass(seconds(1));
  happen(Tick{});
  hear("the next secrets");
  EXPECT_TRUE(rotated(kOne, v1::Rotation::ACCEPTED, 2));
  EXPECT_TRUE(rotated(kThree, v1::Rotation::SETTLED, 2));
  EXPECT_EQ(seen(1).generation, 2u);
  EXPECT_EQ(seen(3).generation, 2u);
  record_disk();

  // One and three lose each other; this host sees both. Then three leaves, and is down at once.
  forget();
  hear("a lost link");
  EXPECT_TRUE(all<HostOffline>().empty());
  EXPECT_EQ(seen(3).path, Path::kDirect);
  forget();
  hear("a goodbye");
  happen(LinkDown{kThree, "closed"});
  ASSERT_EQ(all<HostOffline>().size(), 1u);
  EXPECT_EQ(all<HostOffline>()[0].host, HostId(3));
  EXPECT_FALSE(seen(3).up);
  hear("what follows");
  EXPECT_EQ(where("mail"), "running 1 epoch 5");
  EXPECT_EQ(where("web"), "running 2 epoch 2");
}

class StoredByVersion : public testing::TestWithParam<std::string> {};

TEST_P(StoredByVersion, IsWhereThisVersionGoesOn) {
  LoneHost two;
  two.now = {kStart.mono + minutes(1), kStart.wall + minutes(1)};
  const auto stored = recorded::read(std::string(recorded::kFolder) + GetParam() + "/store.txt");
  for (const recorded::Entry& entry : stored.at("disk")) two.disk[entry.name] = entry.bytes;
  EXPECT_FALSE(Node::refuse_renumbering(two.disk, config(2)));
  Config renumbered = config(2);
  renumbered.hosts[0].name = "three";
  renumbered.hosts[2].name = "one";
  EXPECT_TRUE(Node::refuse_renumbering(two.disk, renumbered));

  two.boot(with_cron(config(2), {1}));
  EXPECT_EQ(two.core().inspect().incarnation, 2u);
  // The services file that was in force still is; the own one is no newer.
  EXPECT_EQ(two.core().inspect().configuration_count, 3u);
  ASSERT_EQ(two.view().services.size(), 4u);
  EXPECT_EQ(two.view().services[3].preference, (std::vector<HostId>{HostId(3), HostId(1)}));
  // What may have been left running is looked for, under the epoch that it had.
  const auto runs = two.all<RunScript>();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].service, "db");
  EXPECT_EQ(runs[1].service, "web");
  for (const RunScript& run : runs)
    EXPECT_EQ(std::find(run.environment.begin(), run.environment.end(),
                        std::pair<std::string, std::string>("CLUSTER_EPOCH", "2")) !=
                  run.environment.end(),
              true);
  // Only with the keys and the secrets of before others come in: the proved one, and the one after it.
  std::map<HostId, SetAccess> access;
  for (const SetAccess& told : two.all<SetAccess>()) access[told.host] = told;
  for (const uint32_t peer : {1, 3}) {
    EXPECT_EQ(access[HostId(peer)].node, node(static_cast<uint8_t>(peer)));
    EXPECT_FALSE(by_passphrases(access[HostId(peer)]));
  }
  const auto& secrets = access[HostId(1)].secrets;
  ASSERT_EQ(secrets.size(), 2u);
  EXPECT_EQ(secrets[0], (PairSecret{{1, 301}, "sealed 301"}));
  EXPECT_EQ(secrets[1], (PairSecret{{2, 302}, "sealed 302"}));
  // What operators have set is told to whoever links.
  two.link(1, kOne, {2, 302});
  std::map<std::string, std::string> set;
  for (const wire::Setting& setting : two.set(kOne)) set[setting.key()] = setting.value();
  EXPECT_EQ(set["move/web"], "two");
  EXPECT_EQ(set["clear/cron"], "1");
  EXPECT_TRUE(set.contains("restart/web"));
  EXPECT_TRUE(set.contains("standby/three"));
}

// A recording has no more than its version said, and all of it reads the same by the schema of today.
TEST_P(StoredByVersion, IsTheSameByTheSchemaOfToday) {
  int frames = 0;
  for (const auto& [part, entries] :
       recorded::read(std::string(recorded::kFolder) + GetParam() + "/link.txt"))
    for (const recorded::Entry& entry : entries) {
      wire::Message today;
      v1::Message then;
      ASSERT_TRUE(today.ParseFromString(entry.bytes) && then.ParseFromString(entry.bytes)) << part;
      EXPECT_EQ(int{today.body_case()}, int{then.body_case()});
      EXPECT_EQ(today.SerializeAsString(), entry.bytes) << part;
      EXPECT_EQ(then.SerializeAsString(), entry.bytes) << part;
      ++frames;
    }
  EXPECT_GT(frames, 40);
}

INSTANTIATE_TEST_SUITE_P(Versions, StoredByVersion, testing::Values("v1"),
                         [](const auto& param) { return param.param; });
INSTANTIATE_TEST_SUITE_P(Versions, StoryOfVersions, testing::Values("v1", "live"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace cluster::core
