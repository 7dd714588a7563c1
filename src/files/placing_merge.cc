// What was edited here and elsewhere, put together.
#include "files/content.h"
#include "files/node_list.h"
#include "files/placing.h"

namespace cluster::files {

// All of theirs is staged.
Placing::Step Placing::begin_merge() {
  const auto base = bases_.get(order_.merge_base);
  if (!base) return refuse(sync::Outcome::kApart, "what both were made of is not kept here");
  const auto ours = text_here();
  if (!ours) return refuse(sync::Outcome::kChanged, ours.error());
  const auto theirs = read_all(staged_->fd(), order_.entry.state.size);
  if (!theirs) return refuse(sync::Outcome::kFailed, "it cannot be read");
  bases_.keep(order_.entry.state.content, *theirs);
  merging_ = std::make_unique<Merging>(*base, *ours, *theirs);
  return Step::kMore;
}

Result<std::string> Placing::text_here() const {
  const sync::Found& expected = *order_.expected;
  const Tree::Opened opened = tree_.open_to_read(order_.path);
  if (!opened.fd) return Error{"it is not there"};
  auto text = read_all(opened.fd.get(), expected.state.size);
  if (!text || content_of(*text).digest != expected.state.content)
    return Error{"it holds something else"};
  return std::move(*text);
}

Placing::Step Placing::step_merge(MonoTime now) {
  switch (merging_->step(now)) {
    case Merging::Step::kMore: return Step::kMore;
    case Merging::Step::kDone: break;
    case Merging::Step::kApart: {
      const std::string why = merging_->why();
      merging_.reset();
      return refuse(sync::Outcome::kApart, why);
    }
  }
  const std::string text = merging_->take_text();
  merging_.reset();
  return put_merged(text);
}

Placing::Step Placing::put_merged(const std::string& text) {
  const Content content = content_of(text);
  auto staged = place_.stage(order_.path, content.digest, text.size());
  if (auto* outcome = std::get_if<Outcome>(&staged)) return ended(std::move(*outcome));
  place_.discard(*staged_);
  staged_.emplace(std::move(std::get<StagedFile>(staged)));
  if (const auto write = staged_->write_at(0, text); write != StagedFile::Write::kDone) {
    cannot_be_written(write);
    return Step::kDone;
  }
  sync::FileState state = order_.entry.state;
  state.content = content.digest;
  state.size = text.size();
  Outcome outcome = place_.commit(*staged_, state, order_.expected, keep());
  if (outcome.done()) {
    bases_.keep(content.digest, text);
    if (!content.nodes.empty()) world_.keep_nodes(content.digest, to_bytes(content.nodes));
  }
  return ended(std::move(outcome));
}

}  // namespace cluster::files
