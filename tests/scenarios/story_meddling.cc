// Orders that do harm: to the network, to disks, clocks and scripts, to the files of the cluster.
#include <set>
#include <stdexcept>
#include <utility>

#include "tests/scenarios/story.h"
#include "tests/scenarios/words.h"

namespace cluster::scenarios {

using sim::Machine;

bool Story::meddle_with_network(const Words& words) {
  const std::string& verb = words[0];
  sim::Network& network = world().network();
  const auto each_other = [&](auto function) {
    for (Machine* m : machines(words, 1))
      for (const std::string& other : names_)
        if (other != m->name()) function(m->index(), machine(other).index());
  };
  if (verb == "silence") {  // nothing in, nothing out, and nobody is told
    each_other([&](auto a, auto b) { network.cut(a, b); });
  } else if (verb == "unsilence") {
    each_other([&](auto a, auto b) { network.heal(a, b); });
  } else if (verb == "part") {  // part HOST…: these from all others
    const std::set<std::string> side(words.begin() + 1, words.end());
    each_other([&](auto a, auto b) {
      if (!side.contains(names_[b])) network.cut(a, b);
    });
  } else if (verb == "heal" && words.size() == 1) {
    network.heal_all();
  } else if (verb == "storm") {
    each_other([&](auto a, auto b) { network.reset(a, b); });
  } else {
    static const std::pair<const char*, void (sim::Network::*)(sim::MachineId, sim::MachineId)>
        kPairs[] = {
            {"cut", &sim::Network::cut},
            {"heal", &sim::Network::heal},
            {"cut-one-way", &sim::Network::cut_one_way},
            {"heal-one-way", &sim::Network::heal_one_way},
            {"reset", &sim::Network::reset},
            {"half-open", &sim::Network::half_open},
            {"black-hole", &sim::Network::black_hole},
        };
    for (const auto& [name, function] : kPairs) {
      if (verb != name) continue;
      (network.*function)(machine(words.at(1)).index(), machine(words.at(2)).index());
      return true;
    }
    return false;
  }
  return true;
}

bool Story::meddle_with_state(const Words& words) {
  const std::string& verb = words[0];
  if (verb == "wipe") {
    machine(words.at(1)).wipe();
    numbers_->forgive(machine(words[1]).index());
  } else if (verb == "backup") {
    backups_[words.at(1)] = machine(words[1]).disk().stored();
  } else if (verb == "restore") {
    machine(words.at(1)).restore(backups_.at(words[1]));
    numbers_->forgive(machine(words[1]).index());
  } else if (verb == "clone") {  // clone FROM TO: TO gets the key and the state of FROM
    machine(words.at(2)).clone_of(machine(words.at(1)));
  } else if (verb == "clock") {  // clock HOST 1970|right|OFF
    Machine& m = machine(words.at(1));
    if (words.at(2) == "1970") {
      m.clock().set_wall_to_1970(world().now());
    } else {
      m.clock().set_wall_error(world().now(),
                               words[2] == "right" ? Duration() : duration(words[2]));
    }
  } else if (verb == "disk") {  // disk HOST fails|slow|good
    sim::Disk& disk = machine(words.at(1)).disk();
    disk.set_failing(words.at(2) == "fails" ? 1 : 0);
    bool slow = words[2] == "slow";
    disk.set_latency(slow ? seconds(1) : microseconds(200), slow ? seconds(2) : milliseconds(8));
  } else if (verb ==
             "alerting") {  // alerting HOST|all good|fails|hangs|bus: how mail is taken there
    for (Machine* m : machines({words.at(1)}, 0))
      m->set_alerting(words.at(2) == "fails"   ? sim::Alerting::kFails
                      : words.at(2) == "hangs" ? sim::Alerting::kHangs
                      : words.at(2) == "bus"   ? sim::Alerting::kBusOnly
                                               : sim::Alerting::kGood);
  } else if (verb == "scripts") {
    behave(words);
  } else if (verb == "dies") {  // dies SERVICE HOST
    machine(words.at(2)).scripts().copy_dies(words.at(1));
  } else {
    return false;
  }
  return true;
}

// scripts SERVICE HOST|all SCRIPT=good|fails|hangs|TIME ...
void Story::behave(const Words& words) {
  for (Machine* m : machines({words.at(2)}, 0)) {
    sim::Behaviour& b = m->scripts().behaviour(words.at(1));
    for (size_t i = 3; i < words.size(); ++i) {
      size_t equal = words[i].find('=');
      if (equal == std::string::npos) throw std::runtime_error("expected SCRIPT=HOW: " + words[i]);
      std::string script = words[i].substr(0, equal), how = words[i].substr(equal + 1);
      bool known = how == "good" || how == "fails" || how == "hangs";
      double fails = how == "fails", hangs = how == "hangs";
      if (script == "start") {
        b.start_fails = fails, b.start_hangs = hangs;
        if (!known) b.start_low = b.start_high = duration(how);
      } else if (script == "stop") {
        b.stop_fails = fails, b.stop_hangs = hangs;
        if (!known) b.stop_low = b.stop_high = duration(how);
      } else if (script == "status") {
        b.status_fails = fails, b.status_hangs = hangs;
        if (!known) b.status_low = b.status_high = duration(how);
      } else {
        throw std::runtime_error("no such script: " + script);
      }
    }
  }
}

bool Story::edit(const Words& words) {
  const std::string& verb = words[0];
  if (verb == "reload") {  // the files as edited above, on these hosts
    for (Machine* m : machines(words, 1)) m->reload(spec_);
  } else if (verb == "install") {  // the same, for hosts whose engine is not to be told
    for (Machine* m : machines(words, 1)) {
      m->set_spec(spec_);
      installed_.insert(m->name());
    }
  } else if (verb ==
             "overlay") {  // overlay HOST FAULT…|none: its own settings do not go with a push
    std::string fault;
    for (size_t i = 2; i < words.size() && words[2] != "none"; ++i)
      fault += (fault.empty() ? "" : " ") + words[i];
    machine(words.at(1)).set_push_fault(fault);
  } else if (verb == "passphrase") {  // passphrase HOST right|wrong; for its next start
    Machine& m = machine(words.at(1));
    sim::Spec own = m.spec();
    for (sim::HostSpec& h : own.hosts) h.passphrase = words.at(2) == "wrong" ? 1 : 0;
    m.set_spec(own);
    installed_.insert(m.name());
  } else {
    return false;
  }
  return true;
}

}  // namespace cluster::scenarios
