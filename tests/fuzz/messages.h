// Messages that are sound in form and hostile in what they say, made of the input's choices: the values that
// tend to break things, names that this host knows, and now and then very many of something.
#pragma once

#include <string>

#include "core/push.h"
#include "tests/fuzz/one_node.h"
#include "wire/cluster.pb.h"

namespace cluster::fuzz {

class Messages {
 public:
  Messages(Input& input, const OneNode& node) : input_(input), node_(node) {}

  std::string any() {
    wire::Message message;
    const uint8_t kind = input_.byte();
    if (kind >= 250) {
      rotation(*message.mutable_rotation());
    } else if (kind >= 248) {
      message.mutable_moved();
    } else if (kind == 247) {
      message.mutable_spared();
    } else if (kind == 246) {
      message.mutable_compared()->set_settings_digest(input_.byte());
    } else if (kind == 245) {
      routed(*message.mutable_routed(), [this](wire::Routed& r) { about_alerts(r); });
    } else if (kind >= 243) {
      routed(*message.mutable_routed(), [this](wire::Routed& r) { about_pushes(r); });
    } else if (kind >= 240) {
      routed(*message.mutable_routed(), [this](wire::Routed& r) { between_two(r); });
    } else if (kind >= 200) {
      routed(*message.mutable_routed(), [this](wire::Routed& r) { about_voters(r); });
    }
    if (message.body_case() != wire::Message::BODY_NOT_SET) return message.SerializeAsString();
    switch (kind % 6) {
      case 0: beat(*message.mutable_beat()); break;
      case 1: hello(*message.mutable_hello()); break;
      case 2:
      case 3: flood(*message.mutable_flood()); break;
      case 4:
        routed(*message.mutable_routed(), [this](wire::Routed& r) { about_services(r); });
        break;
      default:
        for (size_t n = many(); n > 0; --n) setting(*message.mutable_settings()->add_settings());
    }
    return message.SerializeAsString();
  }

  // What a peer says that has just linked and means well.
  static std::string greeting() {
    wire::Message message;
    message.mutable_hello()->set_protocol(1);
    message.mutable_hello()->set_incarnation(1);
    message.mutable_hello()->set_beat_us(1'000'000);
    message.mutable_hello()->set_dead_us(5'000'000);
    return message.SerializeAsString();
  }
  static std::string introduction(char name, uint32_t host) {
    wire::Record record;
    record.set_node(node_named(name).raw());
    record.set_host(host);
    record.set_name(host == 3 ? "laptop" : "two.example");
    record.set_key("key");
    record.set_incarnation(1);
    record.set_sequence(1);
    record.set_protocol(1);
    record.set_settled(true);
    record.set_session(7);
    record.set_dead_us(5'000'000);
    record.add_edges()->set_node(node_named('1').raw());
    record.set_votes(true);
    wire::Message message;
    message.mutable_flood()->add_records(record.SerializeAsString());
    return message.SerializeAsString();
  }

 private:
  uint64_t number() {
    const uint64_t kNumbers[] = {0,
                                 1,
                                 2,
                                 3,
                                 5'000'000,
                                 1ULL << 32,
                                 1ULL << 52,
                                 1ULL << 62,
                                 1ULL << 63,
                                 INT64_MAX,
                                 UINT64_MAX,
                                 UINT64_MAX - 1,
                                 node_.incarnation(),
                                 ++count_,
                                 UINT32_MAX};
    const uint8_t choice = input_.byte();
    return choice < 200 ? kNumbers[choice % std::size(kNumbers)] : input_.number(choice % 8 + 1);
  }
  uint32_t host() {
    static constexpr uint32_t kHosts[] = {1, 2, 3, 2, 3, 4, 0, UINT32_MAX};
    return input_.pick(kHosts);
  }
  std::string node() {
    const uint8_t choice = input_.byte();
    if (choice < 180) return node_named(static_cast<char>('1' + choice % 5)).raw();
    if (choice < 190) return std::string(choice % 18, 'x');
    std::string raw(NodeId::kBytes, 'n');
    for (uint64_t left = ++count_, i = 0; left > 0; left >>= 8) raw[i++] = static_cast<char>(left);
    return raw;
  }
  std::string name() {
    static const std::string kNames[] = {"web",
                                         "db",
                                         "web",
                                         "db",
                                         "other",
                                         "",
                                         "two.example",
                                         "laptop",
                                         "../x",
                                         "a\nb\x1b[m",
                                         std::string(300, 'n')};
    const uint8_t choice = input_.byte();
    if (choice < 220) return kNames[choice % std::size(kNames)];
    if (choice < 240) return "s" + std::to_string(++count_);
    return input_.take(choice % 16);
  }
  std::string words() {
    const uint8_t choice = input_.byte();
    if (choice < 128) return "";
    if (choice < 160) return "192.0.2.2:35790";
    if (choice < 192) return "two words\nand \x1b[31m more";
    if (choice < 200) return std::string(60'000, 'w');
    return input_.take(choice % 32);
  }
  // How many of something: mostly few.
  size_t many() {
    const uint8_t choice = input_.byte();
    if (choice < 220) return choice % 4;
    return choice < 253 ? choice - 200 : (choice - 252) * 1000;
  }

  void beat(wire::Beat& beat) {
    beat.set_sent_us(number());
    beat.set_echo_us(number());
    beat.set_held_us(number());
  }
  void hello(wire::Hello& hello) {
    hello.set_protocol(static_cast<uint32_t>(number()));
    hello.set_incarnation(number());
    hello.set_beat_us(number());
    hello.set_dead_us(number());
    hello.set_dialling(input_.flag());
  }
  void version(wire::Version& version) {
    version.set_count(number());
    version.set_hash(number());
  }

  void flood(wire::Flood& flood) {
    flood.set_more(input_.byte() > 200);
    const size_t records = many();
    if (records == 0) return;
    wire::Record first;
    record(first);
    flood.add_records(first.SerializeAsString());
    const bool alike = input_.flag();
    for (size_t i = 1; i < records; ++i) {
      wire::Record next;
      if (alike) {
        next = first;
        next.set_sequence(first.sequence() + i);
        if (i % 2 == 1) next.set_node(node());
      } else {
        record(next);
      }
      flood.add_records(next.SerializeAsString());
    }
  }

  void record(wire::Record& record) {
    record.set_node(node());
    record.set_host(host());
    record.set_name(name());
    record.set_key(words());
    record.set_incarnation(number());
    record.set_sequence(number());
    record.set_version(words());
    for (size_t n = many(); n > 0; --n) record.add_addresses(words());
    record.set_port(static_cast<uint32_t>(number()));
    for (size_t n = many(); n > 0; --n) {
      wire::Edge& edge = *record.add_edges();
      edge.set_node(node());
      edge.set_observed(words());
      edge.set_ordinal(number());
    }
    for (size_t n = many(); n > 0; --n) {
      wire::Lost& lost = *record.add_lost();
      lost.set_node(node());
      lost.set_incarnation(number());
      lost.set_silent_us(number());
      lost.set_proof(static_cast<wire::Lost::Proof>(input_.byte() % 5));
    }
    version(*record.mutable_configuration());
    for (size_t n = many(); n > 0; --n) holding(*record.add_services());
    const uint8_t bits = input_.byte();
    if (bits >= 128) {
      wire::PushStanding& push = *record.mutable_push();
      version(*push.mutable_seen());
      version(*push.mutable_committed());
      version(*push.mutable_aborted());
      push.set_applied(input_.flag());
      push.set_refused(words());
    }
    record.set_settled(bits & 1);
    record.set_leaving((bits & 6) == 6);
    record.set_dead_us(number());
    record.set_session(number());
    record.set_session_age_us(number());
    record.set_settings_digest(number());
    record.set_votes(bits & 8);
    if ((bits & 16) == 0) return;
    wire::VoterStanding& standing = *record.mutable_voters();
    standing.set_number(number());
    standing.set_origin(input_.flag() ? node_.voters().origin : number());
    standing.set_hash(input_.flag() ? node_.voters().hash() : number());
    standing.set_joint(bits & 32);
    standing.set_caught_up(bits & 64);
    standing.set_undecided(bits & 128);
    standing.set_listed(number());
  }

  void holding(wire::Holding& holding) {
    holding.set_service(name());
    holding.set_state(static_cast<wire::Holding::State>(input_.byte() % 9));
    holding.set_epoch(number());
    holding.set_able(input_.flag());
    holding.set_why(words());
    holding.set_failback_never(input_.flag());
    holding.set_failback_us(number());
    holding.set_failures(number());
    holding.set_highest_epoch(number());
    holding.set_restarted(words());
    for (size_t n = many(); n > 0; --n) holding.add_after(name());
    if (input_.flag()) holding.set_with(name());
    holding.set_failed_checks(static_cast<uint32_t>(number()));
  }

  void setting(wire::Setting& setting) {
    static const std::string kKinds[] = {"standby/", "disable/", "stop/", "move/",
                                         "clear/",   "restart/", "",      "odd/"};
    setting.set_key(input_.pick(kKinds) + name());
    setting.set_value(input_.flag() ? name() : words());
    setting.set_wall_us(input_.flag() ? 1'783'000'000'000'000 + count_ : number());
    setting.set_logical(number());
    setting.set_node(node());
  }

  template <class Fill>
  void routed(wire::Routed& routed, Fill fill) {
    routed.set_from(node());
    routed.set_to(input_.byte() < 200 ? node_named('1').raw() : node());
    routed.set_hops(static_cast<uint32_t>(number()));
    fill(routed);
  }

  void rotation(wire::Rotation& rotation) {
    rotation.set_step(static_cast<wire::Rotation::Step>(input_.byte() % 4));
    rotation.set_count(number());
    rotation.set_hash(number());
  }

  // Of a session that others pass on, or of the opening of routers.
  void between_two(wire::Routed& routed) {
    if (input_.byte() < 40) {
      routed.mutable_opening();
      return;
    }
    wire::Relayed& piece = *routed.mutable_relayed();
    piece.set_session(number());
    piece.set_dialled(input_.byte() % 4 != 0);
    piece.set_at(number());
    piece.set_taken(number());
    piece.set_bytes(std::string(many(), 'x'));
    piece.set_ended(input_.byte() % 8 == 0);
  }

  // A name that its files go with, mostly.
  void push_id(wire::Version& id, const std::string& pusher, const wire::PushFiles& files) {
    version(id);
    if (input_.byte() < 60) return;
    const auto node = NodeId::from_raw(pusher);
    core::set_push_id(&id,
                      core::name_push(id.count(), node.value_or(NodeId()), core::files_of(files)));
  }
  void push_files(wire::PushFiles& files) {
    static const std::string kTexts[] = {"", "web 1\n", "refused"};
    files.set_cluster_conf(std::string(many(), 'c'));
    files.set_services(input_.pick(kTexts));
  }

  void about_pushes(wire::Routed& routed) {
    wire::PushFiles files;
    push_files(files);
    const std::string pusher = node();
    switch (input_.byte() % 5) {
      case 0:
      case 1: {
        wire::PushPrepare& asked = *routed.mutable_push_prepare();
        push_id(*asked.mutable_id(), input_.flag() ? routed.from() : pusher, files);
        *asked.mutable_files() = files;
        for (size_t n = many(); n > 0; --n) asked.add_participants(node());
        break;
      }
      case 2:
        version(*routed.mutable_push_vote()->mutable_id());
        routed.mutable_push_vote()->set_verdict(
            static_cast<wire::PushVote::Verdict>(input_.byte() % 4));
        for (size_t n = many(); n > 0; --n) routed.mutable_push_vote()->add_faults(words());
        routed.mutable_push_vote()->set_pusher(pusher);
        break;
      case 3:
        version(*routed.mutable_push_ask()->mutable_id());
        routed.mutable_push_ask()->set_files(input_.flag());
        break;
      default:
        push_id(*routed.mutable_push_told()->mutable_id(), pusher, files);
        routed.mutable_push_told()->set_aborted(input_.flag());
        routed.mutable_push_told()->set_pusher(pusher);
        *routed.mutable_push_told()->mutable_files() = files;
    }
  }

  void about_alerts(wire::Routed& routed) {
    if (input_.flag()) {
      routed.mutable_done_alert()->set_key(number());
      return;
    }
    wire::RaisedAlert& alert = *routed.mutable_raised_alert();
    alert.set_key(number());
    alert.set_kind(words());
    alert.set_subject(words());
    alert.set_severity(input_.byte() % 4);
    alert.set_text(words());
  }

  void about_services(wire::Routed& routed) {
    switch (input_.byte() % 7) {
      case 0:
        routed.mutable_claim()->set_service(name());
        routed.mutable_claim()->set_epoch(number());
        routed.mutable_claim()->set_attempt(number());
        version(*routed.mutable_claim()->mutable_configuration());
        routed.mutable_claim()->set_incarnation(number());
        routed.mutable_claim()->set_beat_us(number());
        break;
      case 1:
      case 2: answer(*routed.mutable_answer()); break;
      case 3:
        routed.mutable_release()->set_service(name());
        routed.mutable_release()->set_epoch(number());
        routed.mutable_release()->set_attempt(number());
        break;
      case 4: version(*routed.mutable_orders_ask()->mutable_configuration()); break;
      case 5: orders(*routed.mutable_orders()); break;
      default:
        setting(*routed.mutable_setting_refused()->mutable_setting());
        routed.mutable_setting_refused()->set_now_us(number());
    }
  }

  // To the newest claim of this host, mostly.
  void answer(wire::Answer& answer) {
    const bool fits = node_.claimed() && input_.byte() < 200;
    const wire::Claim claim = fits ? node_.claimed()->claim() : wire::Claim();
    answer.set_service(fits ? claim.service() : name());
    answer.set_epoch(fits ? claim.epoch() : number());
    answer.set_attempt(fits ? claim.attempt() : number());
    answer.set_verdict(static_cast<wire::Answer::Verdict>(input_.byte() % 8));
    answer.set_rival(node());
    answer.set_highest_epoch(number());
    answer.set_incarnation(number());
  }

  // Mostly what this host expects: its names, its set, its question.
  static const core::Names& own_names() {
    static const core::Names kNames = {"laptop", "one.example", "two.example"};
    return kNames;
  }
  template <class Add>
  void names(Add add) {
    if (input_.byte() < 160) {
      for (const std::string& own : own_names()) add(own);
      return;
    }
    for (size_t n = many(); n > 0; --n) add(name());
  }
  void voters(wire::VoterSet& set) {
    const core::Voters& known = node_.voters();
    if (input_.byte() < 160) {
      set = core::to_wire(known);
      if (input_.flag()) return;
      set.set_number(set.number() + input_.byte() % 3);
      for (const std::string& own : known.names) set.add_before(own);
      return;
    }
    set.set_number(number());
    set.set_origin(input_.flag() ? known.origin : number());
    names([&](const std::string& name) { set.add_names(name); });
    if (input_.flag()) names([&](const std::string& name) { set.add_before(name); });
  }
  void ballot(wire::Ballot& ballot) {
    ballot.set_round(number());
    ballot.set_draw(number());
  }

  void about_voters(wire::Routed& routed) {
    switch (input_.byte() % 7) {
      case 0: voters(*routed.mutable_voters()); break;
      case 1: propose(*routed.mutable_propose()); break;
      case 2: proposed(*routed.mutable_proposed()); break;
      case 3:
        routed.mutable_recall()->set_asked_us(number());
        routed.mutable_recall()->set_incarnation(number());
        break;
      case 4: recalled(*routed.mutable_recalled()); break;
      case 5: renewal(*routed.mutable_renewal()); break;
      default:
        routed.mutable_renewed()->set_asked_us(number());
        routed.mutable_renewed()->set_incarnation(number());
        for (size_t n = many(); n > 0; --n) routed.mutable_renewed()->add_services(name());
        routed.mutable_renewed()->set_maintenance(number());
    }
  }
  void propose(wire::Propose& propose) {
    voters(*propose.mutable_over());
    ballot(*propose.mutable_ballot());
    if (input_.flag()) names([&](const std::string& name) { propose.add_next(name); });
  }
  void proposed(wire::Proposed& proposed) {
    if (input_.byte() < 200) {
      proposed.set_over(core::voters_of(node_.propose().over()).hash());
      *proposed.mutable_ballot() = node_.propose().ballot();
    } else {
      proposed.set_over(number());
      ballot(*proposed.mutable_ballot());
    }
    proposed.set_verdict(static_cast<wire::Proposed::Verdict>(input_.byte() % 4));
    if (input_.flag()) return;
    ballot(*proposed.mutable_other());
    names([&](const std::string& name) { proposed.add_next(name); });
  }
  void recalled(wire::Recalled& recalled) {
    const bool fits = input_.byte() < 200;
    recalled.set_asked_us(fits ? node_.recall().asked_us() : number());
    recalled.set_incarnation(fits ? node_.recall().incarnation() : number());
    recalled.set_memory(input_.flag());
    recalled.set_longest_us(number());
    names([&](const std::string& name) { recalled.add_voters(name); });
    for (size_t n = many(); n > 0; --n) {
      recalled.add_epochs()->set_service(name());
      recalled.mutable_epochs()->rbegin()->set_epoch(number());
    }
    if (input_.flag()) return;
    recalled.set_number(number());
    recalled.set_origin(number());
    if (input_.flag()) names([&](const std::string& name) { recalled.add_before(name); });
    ballot(*recalled.mutable_promised());
    ballot(*recalled.mutable_accepted());
    names([&](const std::string& name) { recalled.add_next(name); });
  }
  void renewal(wire::Renewal& renewal) {
    renewal.set_asked_us(number());
    renewal.set_incarnation(number());
    renewal.set_voters(input_.byte() < 200 ? node_.voters().hash() : number());
    for (size_t n = many(); n > 0; --n) {
      wire::Renewal::Lease& lease = *renewal.add_leases();
      lease.set_service(name());
      lease.set_epoch(number());
      lease.set_lease_us(number());
    }
  }

  // With the hash that belongs to them, or they would be refused at sight.
  void orders(wire::Orders& orders) {
    core::Config file;
    for (size_t n = many(); n > 0; --n) {
      core::ServiceEntry entry;
      entry.name = name();
      for (size_t hosts = many(); hosts > 0; --hosts) entry.preference.emplace_back(host());
      file.services.push_back(std::move(entry));
    }
    core::Orders made;
    made.read_file(file);
    orders = made.to_wire();
    orders.mutable_configuration()->set_count(number());
    if (input_.byte() > 250) orders.mutable_configuration()->set_hash(number());
  }

  Input& input_;
  const OneNode& node_;
  uint64_t count_ = 10;
};

}  // namespace cluster::fuzz
