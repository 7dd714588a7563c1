#include "files/serving.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include <algorithm>

#include "files/clock.h"
#include "files/delta.h"
#include "files/packing.h"
#include "wire/framing.h"

namespace cluster::files {

void Serving::ask(NodeId from, wire::ContentAsk ask) {
  const auto of_it = std::count_if(waiting_.begin(), waiting_.end(),
                                   [&](const Waiting& waiting) { return waiting.from == from; });
  if (static_cast<size_t>(of_it) >= kMaxAsksWaiting) {
    wire::ContentGiven answer;
    answer.set_request(ask.request());
    answer.set_missing("too much is asked for at once");
    answer.set_last(true);
    std::string frame(1, wire::kBulkMark);
    end_bulk(frame, answer);
    return world_.give(from, std::move(frame));
  }
  waiting_.push_back({from, std::move(ask), 0});
}

void Serving::peer_down(NodeId node) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.from == node; });
}

// Whoever asked verifies it: the file may have changed under way.
Status Serving::read(const Opened& opened, const wire::ContentAsk::Part& part, std::string& out) {
  uint64_t size = part.size();
  if (size == 0) {
    if (const auto node = opened.nodes.find(part.digest()); node != opened.nodes.end()) {
      out += node->second;
      return {};
    }
    size = opened.size;
  }
  const size_t before = out.size();
  out.resize(before + std::min<uint64_t>(size, kMaxChunkBytes));
  size_t done = before;
  while (done < out.size()) {
    const ssize_t got = pread(opened.fd.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(part.offset() + done - before));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const Error error{got < 0 ? strerror(errno) : "it has become shorter"};
      out.resize(before);
      return error;
    }
    done += static_cast<size_t>(got);
  }
  return {};
}

void Serving::open(const wire::ContentAsk& ask, wire::ContentGiven& answer) {
  const std::string what = ask.root() + '\n' + ask.path() + '\n' + ask.content();
  if (opened_ && open_content_ == what) return;
  opened_.reset();
  not_packed_ = 0;
  auto opened = world_.open(ask);
  if (opened) {
    opened_.emplace(std::move(*opened));
    open_content_ = what;
  } else {
    answer.set_missing(opened.error());
  }
}

bool Serving::step() {
  if (waiting_.empty()) {
    opened_.reset();
    open_content_.clear();
    return false;
  }
  for (size_t bytes = 0; !waiting_.empty() && bytes < kMaxGivenBytes;) bytes += give_of_first();
  return !waiting_.empty();
}

size_t Serving::give_of_first() {
  const MonoTime begun = read_clocks().mono;
  Waiting& first = waiting_.front();
  wire::ContentGiven answer;
  answer.set_request(first.ask.request());
  open(first.ask, answer);
  std::string frame(1, wire::kBulkMark);
  if (opened_ && opened_->size > kMaxCompressedBytes)
    frame.reserve(kMaxGivenBytes + kMaxChunkBytes + kMaxNodeBytes);
  size_t bytes = 0;
  while (answer.missing().empty() && first.next < first.ask.parts_size() &&
         bytes < kMaxGivenBytes) {
    const auto& asked = first.ask.parts(first.next++);
    const size_t before = frame.size();
    if (const Status read = Serving::read(*opened_, asked, frame); !read) {
      answer.set_missing(read.error());
      break;
    }
    const size_t length = frame.size() - before;
    bytes += length;
    auto& part = *answer.add_parts();
    part.set_digest(asked.digest());
    if (asked.has_basis()) tell_difference(frame, before, asked, part);
    part.set_length(static_cast<uint32_t>(frame.size() - before));
  }
  const bool last = !answer.missing().empty() || first.next >= first.ask.parts_size();
  answer.set_last(last);
  if (const int level = pack_level(first.ask); level != 0) pack(frame, level, answer);
  answer.set_took_us(static_cast<uint32_t>(to_us(read_clocks().mono - begun)));
  end_bulk(frame, answer);
  world_.give(first.from, std::move(frame));
  if (last) waiting_.pop_front();
  return bytes;
}

void Serving::tell_difference(std::string& frame, size_t from, const wire::ContentAsk::Part& asked,
                              wire::ContentGiven::Part& part) const {
  const bool is_node = asked.size() == 0 && opened_->nodes.contains(asked.digest());
  if (is_node || !sound(asked.basis())) return;
  const auto delta = delta_of(std::string_view(frame).substr(from), asked.basis());
  if (!delta || delta->size() >= frame.size() - from) return;
  frame.replace(from, std::string::npos, *delta);
  part.set_delta(true);
}

int Serving::pack_level(const wire::ContentAsk& ask) const {
  if (!opened_) return 0;
  const int asked = static_cast<int>(std::min<uint32_t>(ask.pack(), Z_BEST_COMPRESSION));
  return opened_->size <= kMaxCompressedBytes ? std::max(asked, Z_BEST_SPEED) : asked;
}

void Serving::pack(std::string& frame, int level, wire::ContentGiven& answer) {
  const std::string_view bytes = std::string_view(frame).substr(1);
  if (bytes.size() <= kMinCompressedBytes) return;
  if (not_packed_ > 0) {
    --not_packed_;
    return;
  }
  const std::string shorter = deflated(bytes, level);
  if (shorter.empty() || shorter.size() > bytes.size() - bytes.size() / 16)
    not_packed_ = kNotPacked;
  if (shorter.empty()) return;
  answer.set_size(static_cast<uint32_t>(bytes.size()));
  frame.replace(1, std::string::npos, shorter);
}

}  // namespace cluster::files
