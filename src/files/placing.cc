#include "files/placing.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "files/path.h"

namespace cluster::files {

namespace {

constexpr size_t kCopiesAStep = 32;
constexpr uint64_t kRunBytes = 4 << 20;

sync::Outcome outcome_of(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::kDone: return sync::Outcome::kDone;
    case Outcome::Kind::kChanged: return sync::Outcome::kChanged;
    case Outcome::Kind::kNoParent:
    case Outcome::Kind::kNotEmpty: return sync::Outcome::kBlocked;
    default: return sync::Outcome::kFailed;
  }
}

// When it was read; and without holes.
bool is_as_it_was(const Placing::Source& source, int fd) {
  struct stat info {};
  const Tree::Entry entry = source.tree->entry(fd);
  return entry.ok() && fstat(fd, &info) == 0 && info.st_blocks * 512 >= info.st_size &&
         trust(source.signature, entry.signature, source.tree->tick_ns()) != Trust::kNothing;
}

}  // namespace

Placing::Placing(sync::Place place, const Tree& tree, PlaceRules rules, Retained& retained,
                 Bases& bases, World world)
    : order_(std::move(place)),
      tree_(tree),
      place_(tree, rules),
      of_many_(tree, {rules.allow_setuid, rules.renames, false}),
      retained_(retained),
      bases_(bases),
      world_(std::move(world)) {
  answer_.ticket = order_.ticket;
}

Keep Placing::keep() const {
  if (!order_.set_aside.empty()) return AsConflict{std::string(name_of(order_.set_aside))};
  if (order_.expected && order_.expected->state.type == sync::FileType::kFolder) return Discard{};
  std::string why = order_.entry.deleted ? "deleted on "
                    : merges()           ? "put together with a version of "
                                         : "replaced by a version of ";
  if (order_.pin) why.insert(0, kPinned);
  return AsRetained{&retained_, order_.root, why + order_.entry.editor, world_.wall()};
}

Placing::Step Placing::refuse(sync::Outcome outcome, const std::string& why) {
  answer_.outcome = outcome;
  answer_.why = why;
  done_ = true;
  return Step::kDone;
}

Placing::Step Placing::ended(Outcome outcome) {
  warnings_.insert(warnings_.end(), outcome.warnings.begin(), outcome.warnings.end());
  if (!outcome.done()) return refuse(outcome_of(outcome.kind), outcome.reason);
  answer_.outcome = sync::Outcome::kDone;
  answer_.found = outcome.found;
  if (!order_.set_aside.empty()) {
    answer_.copy = *order_.expected;
    if (auto look = tree_.look(order_.set_aside); look && look->kind == Look::Kind::kFound)
      answer_.copy.signature = look->found.signature;
  }
  copying_ = std::move(outcome.copying);
  staged_.reset();
  if (copying_) return Step::kMore;
  done_ = true;
  return Step::kDone;
}

Placing::Step Placing::step(MonoTime now) {
  if (done_) return Step::kDone;
  if (copying_) {
    const Retained::Copying::Step step = copying_->step(8 << 20);
    if (step == Retained::Copying::Step::kMore) return Step::kMore;
    if (step == Retained::Copying::Step::kFailed) warnings_.push_back(copying_->error());
    copying_.reset();
    done_ = true;
    return Step::kDone;
  }
  if (merging_) return step_merge(now);
  if (!std::exchange(begun_, true)) {
    if (needs_content()) since_ = now;
    return begin();
  }
  if (!to_copy_.empty()) {
    copy_some();
    if (to_copy_.empty()) check_copied();
    return done_ ? Step::kDone : Step::kMore;
  }
  for (auto at = asked_.begin(); at != asked_.end();) {
    if (now < at->second.until) {
      ++at;
      continue;
    }
    useless_.insert(at->second.to);
    missing_why_ = "no answer";
    at = forget(at);
  }
  if (moves() || (nodes_wanted_.empty() && chunks_wanted_.empty())) return Step::kReady;
  ask_for_more(now);
  return done_ ? Step::kDone : Step::kWaiting;
}

bool Placing::needs_content() const {
  const sync::FileState& state = order_.entry.state;
  if (order_.entry.deleted || state.type != sync::FileType::kFile) return false;
  return !order_.expected || !order_.expected->state.same_content(state) ||
         !order_.set_aside.empty();
}

Placing::Step Placing::begin() {
  if (moves() || !needs_content()) return Step::kReady;
  const uint64_t size = order_.entry.state.size;
  if (const auto free = tree_.free_bytes(); free && *free < size)
    return refuse(sync::Outcome::kFailed, "it needs " + std::to_string(size) + " bytes, and " +
                                              std::to_string(*free) + " are free there");
  auto staged = place_.stage(order_.path, order_.entry.state.content, order_.entry.state.size);
  if (auto* outcome = std::get_if<Outcome>(&staged)) return ended(std::move(*outcome));
  staged_.emplace(std::move(std::get<StagedFile>(staged)));
  learn_sources();
  resolve(order_.entry.state.content, order_.entry.state.size, 0, 0);
  return done_ ? Step::kDone : Step::kMore;
}

void Placing::prepare() {
  if (staged_ && !merges()) of_many_.prepare(*staged_, order_.entry.state);
}

Placing::Step Placing::finish(bool of_many) {
  Place& place = of_many ? of_many_ : place_;
  if (moves()) {
    Outcome moved = place.rename(order_.move_from, order_.path, order_.move_expected);
    answer_.moved = moved.done();
    if (moved.done()) return ended(std::move(moved));
    cannot_move_ = true;
    return begin();
  }
  if (merges()) return begin_merge();
  if (!staged_) return ended(put_what_needs_no_content(place));
  Outcome outcome = place.commit(*staged_, order_.entry.state, order_.expected, keep());
  if (outcome.done() && !nodes_.empty())
    world_.keep_nodes(order_.entry.state.content, to_bytes(nodes_));
  return ended(std::move(outcome));
}

void Placing::may_be_lost(const std::string& why) {
  answer_.outcome = sync::Outcome::kFailed;
  answer_.why = why;
}

Outcome Placing::put_what_needs_no_content(Place& place) {
  const sync::FileState& state = order_.entry.state;
  if (order_.entry.deleted) return place.remove(order_.path, order_.expected, keep());
  if (order_.expected && order_.expected->state.same_content(state))
    return place.set_attributes(order_.path, state, order_.expected);
  if (state.type == sync::FileType::kFolder)
    return place.make_folder(order_.path, state, order_.expected, keep());
  return place.make_link(order_.path, state, order_.expected, keep());
}

// ------------------------------------------------------------------------------ what is here

// On a full disk it would be in the way of all others.
void Placing::cannot_be_written(StagedFile::Write write) {
  refuse(sync::Outcome::kFailed, staged_->error());
  if (write == StagedFile::Write::kNoSpace) place_.discard(*staged_);
}

void Placing::learn_sources() {
  for (Source& source : world_.sources(order_)) {
    NodeMap nodes = world_.nodes(source.content);
    Tree::Opened opened = source.tree->open_to_read(source.path);
    if (!opened.fd) continue;
    const size_t index = local_.size();
    for_each_chunk(nodes, source.content, source.size,
                   [&](const std::string& digest, uint64_t offset, uint64_t) {
                     local_chunks_.emplace(digest, std::pair(index, offset));
                   });
    known_nodes_.merge(nodes);
    if (source.tree == &tree_ && source.path == order_.path) former_ = index;
    trusted_.push_back(is_as_it_was(source, opened.fd.get()));
    local_.push_back(std::move(source));
    local_fds_.push_back(std::move(opened.fd));
  }
}

void Placing::resolve(const std::string& digest, uint64_t size, int level, uint64_t offset) {
  if (level == 0 && size <= kMaxChunkBytes && local_chunks_.contains(digest))
    return need_chunk(digest, size, offset);
  const auto known = known_nodes_.find(digest);
  if (known != known_nodes_.end())
    if (const auto node = parse_node(known->second, digest, size, level); node)
      return take_node(digest, known->second, *node, offset);
  NodeWanted& wanted = nodes_wanted_[digest];
  wanted.size = size;
  wanted.level = level;
  wanted.offsets.push_back(offset);
}

void Placing::take_node(const std::string& digest, std::string_view bytes, const ParsedNode& node,
                        uint64_t offset) {
  nodes_.emplace(digest, bytes);
  for (const Child& child : node.children) {
    if (node.level == 1) {
      need_chunk(child.digest, child.size, offset);
    } else {
      resolve(child.digest, child.size, node.level - 1, offset);
    }
    offset += child.size;
  }
}

void Placing::need_chunk(const std::string& digest, uint64_t size, uint64_t offset) {
  if (local_chunks_.contains(digest) || staged_->resumed()) {
    to_copy_.push_back({digest, size, offset});
    return;
  }
  ChunkWanted& wanted = chunks_wanted_[digest];
  wanted.size = size;
  wanted.offsets.push_back(offset);
}

// Chunks that follow each other in a source and here, from the last on. False: the last one has to be copied by itself.
bool Placing::copy_run() {
  if (staged_->resumed() || recheck_) return false;
  const auto last = local_chunks_.find(to_copy_.back().digest);
  if (last == local_chunks_.end() || !trusted_[last->second.first]) return false;
  const auto [source, end] = last->second;
  uint64_t from = end, to = to_copy_.back().offset, bytes = to_copy_.back().size;
  size_t count = 1;
  for (; count < to_copy_.size() && bytes < kRunBytes; ++count) {
    const Copy& before = to_copy_[to_copy_.size() - 1 - count];
    const auto at = local_chunks_.find(before.digest);
    if (at == local_chunks_.end() || at->second.first != source ||
        at->second.second + before.size != from || before.offset + before.size != to)
      break;
    from -= before.size;
    to -= before.size;
    bytes += before.size;
  }
  const StagedFile::Write write = staged_->copy_range(local_fds_[source].get(), from, bytes, to);
  if (write == StagedFile::Write::kDiffers) return trusted_[source] = false;
  if (write != StagedFile::Write::kDone) {
    cannot_be_written(write);
    return true;
  }
  bytes_here_ += bytes;
  for (; count > 0; --count) {
    copied_.push_back(std::move(to_copy_.back()));
    to_copy_.pop_back();
  }
  return true;
}

// A source that changed while it was copied may have given anything.
void Placing::check_copied() {
  if (copied_.empty()) return;
  for (size_t i = 0; i < local_.size(); ++i) {
    const Tree::Entry entry = local_[i].tree->entry(local_fds_[i].get());
    if (entry.ok() && same_signature(local_[i].signature, entry.signature)) continue;
    recheck_ = recheck_ || trusted_[i];
    trusted_[i] = false;
  }
  if (recheck_) {
    for (const Copy& copy : copied_) bytes_here_ -= copy.size;
    to_copy_ = std::move(copied_);
  }
  copied_.clear();
}

void Placing::copy_some() {
  for (size_t i = 0; i < kCopiesAStep && !to_copy_.empty(); ++i) {
    if (copy_run()) return;
    const Copy copy = std::move(to_copy_.back());
    to_copy_.pop_back();
    if ((staged_->resumed() || recheck_) && staged_->holds(copy.offset, copy.size, copy.digest)) {
      bytes_here_ += copy.size;
      continue;
    }
    const auto at = local_chunks_.find(copy.digest);
    if (at != local_chunks_.end()) {
      const auto [source, from] = at->second;
      const StagedFile::Write write =
          staged_->copy_from(local_fds_[source].get(), from, copy.size, copy.offset, copy.digest);
      if (write == StagedFile::Write::kDone) {
        bytes_here_ += copy.size;
        continue;
      }
      if (write != StagedFile::Write::kDiffers) {
        cannot_be_written(write);
        return;
      }
      local_chunks_.erase(at);
    }
    ChunkWanted& wanted = chunks_wanted_[copy.digest];
    wanted.size = copy.size;
    wanted.offsets.push_back(copy.offset);
  }
}

// ------------------------------------------------------------------------- what others have

std::optional<NodeId> Placing::best_source() const {
  std::optional<NodeId> best;
  size_t least = SIZE_MAX;
  for (const NodeId& node : order_.sources) {
    if (useless_.contains(node) || !world_.linked(node)) continue;
    const auto waiting = static_cast<size_t>(std::count_if(
        asked_.begin(), asked_.end(), [&](const auto& asked) { return asked.second.to == node; }));
    if (waiting < least) {
      least = waiting;
      best = node;
    }
  }
  return best;
}

void Placing::ask_for_more(MonoTime now) {
  constexpr size_t kMaxAsks = 16;
  while (asked_.size() < kMaxAsks) {
    const auto source = best_source();
    if (!source) {
      if (asked_.empty())
        refuse(sync::Outcome::kUnavailable,
               missing_why_.empty() ? "no host that is linked has its content" : missing_why_);
      return;
    }
    wire::ContentAsk ask;
    ask.set_root(order_.root);
    ask.set_path(order_.source_path);
    ask.set_content(order_.entry.state.content);
    Asked asked{*source, {}, now + kAskTime};
    uint64_t bytes = 0;
    const auto add = [&](const std::string& digest, uint64_t size, uint64_t offset) -> auto& {
      auto& part = *ask.add_parts();
      part.set_digest(digest);
      part.set_size(static_cast<uint32_t>(size));
      part.set_offset(offset);
      asked.digests.insert(digest);
      bytes += size == 0 ? kMaxNodeBytes : size;
      return part;
    };
    const auto full = [&] {
      return bytes >= kMaxAskBytes || static_cast<size_t>(ask.parts_size()) >= kMaxAskParts;
    };
    for (const auto& [digest, wanted] : nodes_wanted_) {
      if (full() || asked_digests_.contains(digest)) continue;
      auto& part = add(digest, 0, 0);
      if (wanted.may_be_chunk()) tell_basis(part, 0, wanted.size);
    }
    for (const auto& [digest, wanted] : chunks_wanted_) {
      if (full()) break;
      if (asked_digests_.contains(digest)) continue;
      tell_basis(add(digest, wanted.size, wanted.offsets[0]), wanted.offsets[0], wanted.size);
    }
    if (ask.parts_size() == 0) return;
    const uint64_t request = world_.ask(*source, std::move(ask), bytes);
    if (request == 0) return;
    asked_digests_.insert(asked.digests.begin(), asked.digests.end());
    asked_.emplace(request, std::move(asked));
  }
}

bool Placing::take_part(const std::string& digest, std::string_view bytes) {
  if (const auto chunk = chunks_wanted_.find(digest); chunk != chunks_wanted_.end()) {
    if (bytes.size() != chunk->second.size || chunk_digest(bytes) != digest) return false;
    for (const uint64_t offset : chunk->second.offsets) {
      if (const auto write = staged_->write_at(offset, bytes); write != StagedFile::Write::kDone) {
        cannot_be_written(write);
        return true;
      }
      bytes_here_ += bytes.size();
    }
    chunks_wanted_.erase(chunk);
    return true;
  }
  const auto at = nodes_wanted_.find(digest);
  if (at == nodes_wanted_.end()) return true;
  const NodeWanted wanted = at->second;
  if (wanted.level == 0 && bytes.size() == wanted.size && chunk_digest(bytes) == digest) {
    nodes_wanted_.erase(at);
    chunks_wanted_[digest] = {wanted.size, wanted.offsets};
    return take_part(digest, bytes);
  }
  const auto node = parse_node(bytes, digest, wanted.size, wanted.level);
  if (!node) return false;
  nodes_wanted_.erase(at);
  for (const uint64_t offset : wanted.offsets) take_node(digest, bytes, *node, offset);
  return true;
}

bool Placing::given(MonoTime now, const wire::ContentGiven& answer, std::string_view beside) {
  const auto at = asked_.find(answer.request());
  if (at == asked_.end()) return false;
  Asked& asked = at->second;
  asked.until = now + kAskTime;
  bool sound = true;
  for (const auto& part : answer.parts()) {
    const std::string_view bytes = beside.substr(0, part.length());
    beside.remove_prefix(bytes.size());
    if (done_ || !asked.digests.contains(part.digest())) continue;
    if (part.delta()) {
      take_delta(part.digest(), bytes);
    } else if (!take_part(part.digest(), bytes)) {
      sound = false;
      break;
    }
    asked.digests.erase(part.digest());
    asked_digests_.erase(part.digest());
  }
  const bool cut_short = answer.last() && !asked.digests.empty();
  if (!sound || cut_short || !answer.missing().empty()) {
    useless_.insert(asked.to);
    missing_why_ = !sound                     ? "what was sent is not what was asked for"
                   : answer.missing().empty() ? "not all that was asked for was sent"
                                              : answer.missing();
  }
  if (!sound || answer.last()) forget(at);
  return true;
}

// What it has not brought may be asked for again.
std::map<uint64_t, Placing::Asked>::iterator Placing::forget(
    std::map<uint64_t, Asked>::iterator asked) {
  for (const std::string& digest : asked->second.digests) asked_digests_.erase(digest);
  return asked_.erase(asked);
}

void Placing::peer_down(NodeId node) {
  for (auto at = asked_.begin(); at != asked_.end();) {
    if (at->second.to != node) {
      ++at;
      continue;
    }
    at = forget(at);
  }
}

}  // namespace cluster::files
