// Writes what a genuine host says into the corpora: frames of a core that links, claims, runs and stops; and
// what it hears while it becomes a voter and has the voters changed.
//
// usage: seeds CORPUS-DIR
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "tests/fuzz/messages.h"

namespace cluster::fuzz {
namespace {

std::string with_length(const std::string& text) {
  std::string out{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())};
  return out + text;
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

template <class Fill>
std::string routed(char from, Fill fill) {
  wire::Message message;
  message.mutable_routed()->set_from(node_named(from).raw());
  message.mutable_routed()->set_to(node_named('1').raw());
  message.mutable_routed()->set_hops(8);
  fill(*message.mutable_routed());
  return message.SerializeAsString();
}

// What two other hosts tell one that becomes a voter, and has one of them removed.
std::vector<std::string> heard_by_a_voter() {
  std::vector<std::string> heard;
  OneNode node;
  const auto hear = [&](const std::string& frame) {
    heard.push_back(frame);
    node.receive(OneNode::kToTwo, frame);
  };
  node.link(OneNode::kToTwo);
  hear(Messages::greeting());
  hear(Messages::introduction('2', 2));
  hear(Messages::introduction('3', 3));
  node.pass(seconds(1));
  for (const char from : {'2', '3'})
    hear(routed(from, [&](wire::Routed& r) {
      wire::Recalled& told = *r.mutable_recalled();
      told.set_asked_us(node.recall().asked_us());
      told.set_incarnation(node.recall().incarnation());
      for (const char* name : {"laptop", "one.example", "two.example"}) told.add_voters(name);
    }));
  node.pass(seconds(1));
  node.check();
  const core::Voters first = node.voters();
  core::Config edited = some_config();
  edited.hosts.pop_back();
  for (core::ServiceEntry& service : edited.services) std::erase(service.preference, HostId(3));
  node.reload(edited);
  node.pass(seconds(1));
  for (const auto verdict : {wire::Proposed::PROMISED, wire::Proposed::ACCEPTED})
    hear(routed('2', [&](wire::Routed& r) {
      r.mutable_proposed()->set_over(first.hash());
      *r.mutable_proposed()->mutable_ballot() = node.propose().ballot();
      r.mutable_proposed()->set_verdict(verdict);
    }));
  node.check();
  const core::Voters joint = node.voters();
  hear(routed('2', [&](wire::Routed& r) { *r.mutable_voters() = core::to_wire(joint); }));
  hear(routed('2', [&](wire::Routed& r) {
    core::Voters whole = joint;
    whole.before.clear();
    *r.mutable_propose()->mutable_over() = core::to_wire(whole);
    r.mutable_propose()->mutable_ballot()->set_round(1);
    for (const std::string& name : first.names) r.mutable_propose()->add_next(name);
  }));
  node.pass(seconds(1));
  if (joint.number != 2) throw std::runtime_error("the voters have not changed");
  for (const std::string& frame : node.sent()) heard.push_back(frame);
  return heard;
}

int seed(const std::filesystem::path& corpus) {
  OneNode node;
  node.link(OneNode::kToTwo);
  node.receive(OneNode::kToTwo, Messages::greeting());
  node.receive(OneNode::kToTwo, Messages::introduction('2', 2));
  node.pass(seconds(7));
  node.command(core::Verb::kStandby, "", HostId(1));
  node.command(core::Verb::kDisable, "web", HostId(0));
  node.leave();

  std::string stream, all;
  int number = 0;
  for (const std::string& frame : node.sent()) {
    const std::string step = std::string(2, '\0') + with_length(frame);
    write(corpus / "message" / ("said_" + std::to_string(++number)), step);
    all += step;
    stream += wire::frame_header(frame.size()) + frame;
  }
  write(corpus / "message" / "said", all);
  std::string votes;
  number = 0;
  for (const std::string& frame : heard_by_a_voter()) {
    const std::string step = std::string(2, '\0') + with_length(frame);
    write(corpus / "message" / ("voter_" + std::to_string(++number)), step);
    votes += step;
  }
  write(corpus / "message" / "voter", votes);
  write(corpus / "framing" / "stream", with_length("\1\7\1\7") + std::string(1, '\0') + stream);
  return 0;
}

}  // namespace
}  // namespace cluster::fuzz

int main(int count, char** words) {
  if (count != 2) {
    std::fputs("usage: seeds CORPUS-DIR\n", stderr);
    return 2;
  }
  try {
    return cluster::fuzz::seed(words[1]);
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "seeds: %s\n", fault.what());
    return 1;
  }
}
