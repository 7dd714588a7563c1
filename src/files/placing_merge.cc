// What was edited here and elsewhere, put together.
#include <algorithm>

#include "files/content.h"
#include "files/node_list.h"
#include "files/placing.h"

namespace cluster::files {

namespace {

// All of a file, whose size is known.
Result<std::string> text_of(int fd, uint64_t size) {
  std::string out(size, '\0');
  for (size_t done = 0; done < size;) {
    const ssize_t got = pread(fd, out.data() + done, size - done, static_cast<off_t>(done));
    if (got <= 0) return Error{"it cannot be read"};
    done += static_cast<size_t>(got);
  }
  return out;
}

}  // namespace

// All of theirs is staged.
Placing::Step Placing::begin_merge() {
  const auto base = bases_.get(order_.merge_base);
  if (!base) return refuse(sync::Outcome::kApart, "what both were made of is not kept here");
  const auto ours = text_here();
  if (!ours) return refuse(sync::Outcome::kChanged, ours.error());
  const auto theirs = text_of(staged_->fd(), order_.entry.state.size);
  if (!theirs) return refuse(sync::Outcome::kFailed, theirs.error());
  bases_.keep(order_.entry.state.content, *theirs);
  merging_ = std::make_unique<Merging>(*base, *ours, *theirs);
  return Step::kMore;
}

Result<std::string> Placing::text_here() const {
  const sync::Found& expected = *order_.expected;
  const Tree::Opened opened = tree_.open_to_read(order_.path);
  if (!opened.fd) return Error{"it is not there"};
  auto text = text_of(opened.fd.get(), expected.state.size);
  ContentBuilder builder;
  if (text) builder.feed(*text);
  if (!text || builder.finish().digest != expected.state.content)
    return Error{"it holds something else"};
  return text;
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
  ContentBuilder builder;
  builder.feed(text);
  const Content content = builder.finish();
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
