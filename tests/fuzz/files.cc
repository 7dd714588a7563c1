// What other hosts say of files, and the nodes of a content's tree. Each input is a mode and a number of steps, of two peers whose
// choice it is: a message of any bytes, an index of made-up entries, an answer about this host's index, who owns the root; and what
// is found on the disk, and whether the root's service runs here.
#include <map>

#include "core/io.h"
#include "files/delta.h"
#include "files/node_list.h"
#include "files/packing.h"
#include "sync/messages.h"
#include "sync/sync.h"
#include "tests/fuzz/fuzz.h"
#include "wire/files.pb.h"

namespace cluster::fuzz {
namespace {

using namespace sync;

constexpr char kRoot[] = "data";
constexpr size_t kMaxSteps = 64;
constexpr size_t kMaxActionsAStep = 4096;

NodeId node_of(uint8_t number) {
  NodeId out;
  out.bytes[0] = number;
  return out;
}

// A host with one root, on a disk that does at once whatever it is told.
class OneHost {
 public:
  explicit OneHost(Mode mode) : owns_(mode == Mode::kOwner) {
    const std::vector<HostId> hosts{HostId(1), HostId(2), HostId(3)};
    step(Configured{{RootConfig{kRoot, mode, hosts, {}}}});
    step(Scanned{kRoot, true, {}});
    for (uint8_t peer : {uint8_t{2}, uint8_t{3}}) {
      step(PeerUp{node_of(peer), HostId(peer), "peer"});
      wire::FileMessage hello;
      hello.mutable_hello()->set_root(kRoot);
      hello.mutable_hello()->set_index(peer);
      to_wire(mode, *hello.mutable_hello());
      hear(peer, hello.SerializeAsString());
    }
  }

  void hear(uint8_t peer, const std::string& bytes) { step(Heard{node_of(peer), bytes}); }

  void act(Input& input) {
    static constexpr const char* kPaths[] = {"a", "a/b", "a/b/c", "d", "..", "a//b", "/etc/passwd"};
    const uint8_t peer = static_cast<uint8_t>(2 + input.below(2));
    switch (input.below(8)) {
      case 0: return hear(peer, input.text());
      case 1: {
        wire::FileMessage message;
        auto& index = *message.mutable_index();
        index.set_root(kRoot);
        index.set_index(peer);
        index.set_from(heard_[peer]);
        for (size_t i = input.below(4) + 1; i > 0; --i)
          make(input, peer, input.pick(kPaths), *index.add_entries());
        index.set_to(heard_[peer] = heard_[peer] + 8);
        return hear(peer, message.SerializeAsString());
      }
      case 2: {
        wire::FileMessage message;
        message.mutable_seen()->set_root(kRoot);
        message.mutable_seen()->set_heard(input.number(2));
        message.mutable_seen()->set_has(input.number(2));
        return hear(peer, message.SerializeAsString());
      }
      case 3: {
        Found found;
        found.state.content = std::string(kDigestBytes, static_cast<char>(input.byte()));
        found.signature.inode = ++inode_;
        static constexpr const char* kFound[] = {"a", "d", "e"};
        const std::string path = input.pick(kFound);
        return step(
            Scanned{kRoot, false, {{path, input.flag() ? std::optional(found) : std::nullopt}}});
      }
      case 4: now_ += milliseconds(input.number(2)); return step(FileTick{});
      case 5: {
        wire::FileMessage message;
        auto& owner = *message.mutable_owner();
        owner.set_root(kRoot);
        if (input.flag()) lineage(input, *owner.mutable_lineage());
        owner.set_owns(input.flag());
        owner.set_whole(input.flag());
        owner.set_sequence(input.number(1));
        owner.set_since_us(input.number(1));
        return hear(peer, message.SerializeAsString());
      }
      case 6: {
        if (serves_ || input.flag()) {
          serves_ = false;
          return step(EndOwning{kRoot});
        }
        const bool waits = input.flag();
        step(Own{kRoot, input.number(1), input.flag(), waits, input.number(1), std::nullopt});
        return;
      }
      default: {
        const std::string digest = input.take(kDigestBytes), bytes = input.text();
        std::string unpacked;
        (void)files::bulk_from(bytes, unpacked);
        if (wire::FilePacked packed; packed.ParseFromString(bytes)) (void)files::unpacked(packed);
        (void)files::parse_node(bytes, files::node_digest(bytes), input.number(3));
        (void)files::parse_node(bytes, digest, input.number(3), input.byte());
        (void)files::nodes_from(bytes);
        (void)files::applied(bytes, input.take(1024), input.number(2));
        if (wire::ContentAsk::Basis basis; basis.ParseFromString(bytes) && files::sound(basis))
          (void)files::delta_of(input.text(), basis);
      }
    }
  }

 private:
  static void lineage(Input& input, wire::FileLineage& out) {
    out.set_epoch(input.number(1));
    out.set_node(node_of(static_cast<uint8_t>(1 + input.below(3))).raw());
  }

  static void make(Input& input, uint8_t peer, const std::string& path, wire::FileEntry& out) {
    out.set_path(path);
    out.set_sequence(input.below(9));
    auto& counter = *out.add_vector();
    counter.set_node(node_of(static_cast<uint8_t>(1 + input.below(3))).raw());
    counter.set_counter(input.number(1));
    out.set_counter(input.number(1));
    out.mutable_edited()->set_wall_us(input.number(2));
    out.mutable_edited()->set_node(counter.node());
    *out.mutable_born() = out.edited();
    out.set_editor(std::string(1, static_cast<char>('@' + peer)));
    out.set_deleted(input.flag());
    out.set_unsure(input.flag());
    if (input.flag()) lineage(input, *out.mutable_lineage());
    auto& state = *out.mutable_state();
    state.set_type(static_cast<wire::FileContent::Type>(input.below(4)));
    if (state.type() != wire::FileContent::FOLDER)
      state.set_content(std::string(input.flag() ? kDigestBytes : input.below(40),
                                    static_cast<char>(input.byte() | 1)));
    state.set_mode(static_cast<uint32_t>(input.number(2)));
  }

  void step(const FileEvent& event) {
    events_.push_back(event);
    if (events_.size() > 1) return;
    for (size_t steps = 0; !events_.empty(); events_.erase(events_.begin())) {
      ENSURE(++steps < kMaxActionsAStep, "one message leads to no end");
      FileActions actions;
      sync_.step({MonoTime(now_), WallTime(seconds(1'800'000'000) + now_)}, events_.front(),
                 actions);
      ENSURE(actions.size() < kMaxActionsAStep);
      for (const FileAction& action : actions) perform(action);
    }
  }

  void perform(const FileAction& action) {
    if (const auto* told = std::get_if<Tell>(&action)) {
      ENSURE(told->bytes.size() <= core::kMaxFilesBytes);
    } else if (const auto* place = std::get_if<Place>(&action)) {
      ENSURE(place->root == kRoot && sound_path(place->path));
      ENSURE(!serves_, "nothing changes below a service that runs");
      ENSURE(place->set_aside.empty() || sound_path(place->set_aside));
      Placed done{place->ticket, Outcome::kDone, "", {}, {}};
      done.found.state = place->entry.state;
      done.found.signature.inode = ++inode_;
      events_.emplace_back(std::move(done));
    } else if (const auto* index = std::get_if<StoreIndex>(&action)) {
      events_.emplace_back(IndexStored{index->ticket, ""});
    } else if (const auto* owned = std::get_if<Owned>(&action)) {
      serves_ = owns_ && owned->refused.empty();
    } else if (const auto* look = std::get_if<Look>(&action);
               look != nullptr && look->path.empty()) {
      events_.emplace_back(Scanned{kRoot, true, {}});
    }
  }

  Sync sync_{{node_of(1), HostId(1), "self"}, {}, 1};
  std::vector<FileEvent> events_;
  std::map<uint8_t, uint64_t> heard_;
  Duration now_ = seconds(1);
  uint64_t inode_ = 0;
  const bool owns_;
  bool serves_ = false;
};

}  // namespace
}  // namespace cluster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  cluster::fuzz::Input input(bytes, size);
  cluster::fuzz::OneHost host(input.flag() ? cluster::sync::Mode::kOwner
                                           : cluster::sync::Mode::kNewer);
  for (size_t i = 0; i < cluster::fuzz::kMaxSteps && !input.empty(); ++i) host.act(input);
  return 0;
}
