// Hostile but authenticated: what peers send over established links to a real core.
#include "tests/fuzz/messages.h"

namespace cluster::fuzz {
namespace {

constexpr size_t kMaxHappenings = 24;
constexpr size_t kMaxBytes = 4 << 20;  // of frames in one input

class Run {
 public:
  explicit Run(Input& input) : input_(input), messages_(input, node_) {
    node_.link(OneNode::kToTwo);
    node_.receive(OneNode::kToTwo, Messages::greeting());
    node_.receive(OneNode::kToTwo, Messages::introduction('2', 2));
  }

  void run() {
    for (size_t i = 0; i < kMaxHappenings && !input_.empty() && bytes_ < kMaxBytes; ++i) {
      happen();
      node_.check();
    }
    node_.look();
    node_.restart();
    node_.pass(seconds(6));
    node_.look();
  }

 private:
  LinkId link() { return input_.byte() < 200 ? OneNode::kToTwo : OneNode::kToThree; }

  void receive(const std::string& frame) {
    bytes_ += frame.size();
    node_.receive(link(), frame);
  }

  void happen() {
    static constexpr int64_t kMilliseconds[] = {1, 40, 500, 1000, 6000, 60'000, 3'600'000};
    switch (input_.byte() % 16) {
      case 0:
      case 1:
      case 2: receive(input_.text()); break;
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
      case 8: receive(messages_.any()); break;
      case 9: reflect(); break;
      case 10: node_.pass(milliseconds(input_.pick(kMilliseconds))); break;
      case 11: node_.unlink(link()); break;
      case 12: meet(); break;
      case 13: order(); break;
      case 14:
        node_.set_scripts(static_cast<core::ScriptEnd>(input_.byte() % 3), input_.byte() % 8);
        break;
      default: rare();
    }
  }

  // What this host said itself comes back, changed in one byte.
  void reflect() {
    if (node_.sent().empty()) return;
    std::string frame = node_.sent()[input_.below(node_.sent().size())];
    const size_t at = input_.below(frame.size());
    frame[at] = static_cast<char>(frame[at] ^ input_.byte());
    receive(frame);
  }

  void meet() {
    const LinkId id = link();
    node_.unlink(id);
    node_.link(id, input_.flag());
    node_.receive(id, Messages::greeting());
    const bool two = id == OneNode::kToTwo;
    node_.receive(id, Messages::introduction(two ? '2' : '3', two ? 2 : 3));
  }

  void order() {
    static const std::string kServices[] = {"web", "db", "other", ""};
    const auto verb = static_cast<core::Verb>(input_.byte() % 9);
    node_.command(verb, input_.pick(kServices), HostId(input_.byte() % 5));
  }

  void rare() {
    switch (input_.byte() % 8) {
      case 0: node_.leave(); break;
      case 1: node_.restart(); break;
      case 2: {
        core::Config fewer = some_config();
        fewer.services.pop_back();
        node_.reload(input_.flag() ? fewer : some_config());
        break;
      }
      case 3: {
        const HostId host(2 + input_.byte() % 2);
        node_.fail_dial(host, static_cast<core::DialOutcome>(input_.byte() % 3));
        break;
      }
      case 4: node_.let_disk_fail(input_.flag()); break;
      case 5: node_.let_scripts_hang(input_.flag()); break;
      case 6: node_.let_outside_answer(input_.flag()); break;
      default: node_.look();
    }
  }

  Input& input_;
  OneNode node_;
  Messages messages_;
  size_t bytes_ = 0;
};

}  // namespace
}  // namespace cluster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  cluster::fuzz::Input input(bytes, size);
  cluster::fuzz::Run(input).run();
  return 0;
}
