#include "files/serving.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include <algorithm>

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
    return world_.give(from, std::move(answer));
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
    if (const int level = pack_level(first.ask); level != 0) pack(frame, before, level, part);
    part.set_length(static_cast<uint32_t>(frame.size() - before));
  }
  const bool last = !answer.missing().empty() || first.next >= first.ask.parts_size();
  answer.set_last(last);
  give(first.from, first.ask.beside(), std::move(frame), std::move(answer));
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
  const int asked = static_cast<int>(std::min<uint32_t>(ask.pack(), Z_BEST_COMPRESSION));
  return opened_->size <= kMaxCompressedBytes ? std::max(asked, Z_BEST_SPEED) : asked;
}

void Serving::pack(std::string& frame, size_t from, int level, wire::ContentGiven::Part& part) {
  const size_t length = frame.size() - from;
  if (length <= kMinCompressedBytes) return;
  if (not_packed_ > 0) {
    --not_packed_;
    return;
  }
  const std::string shorter = deflated(std::string_view(frame).substr(from), level);
  if (shorter.empty() || shorter.size() > length - length / 16) not_packed_ = kNotPacked;
  if (shorter.empty()) return;
  part.set_size(static_cast<uint32_t>(length));
  frame.replace(from, length, shorter);
}

void Serving::give(NodeId to, bool beside, std::string frame, wire::ContentGiven answer) {
  if (beside) {
    end_bulk(frame, answer);
    return world_.give_beside(to, std::move(frame));
  }
  size_t at = 1;
  for (auto& part : *answer.mutable_parts()) {
    part.set_bytes(frame.substr(at, part.length()));
    at += part.length();
    part.clear_length();
  }
  world_.give(to, std::move(answer));
}

}  // namespace cluster::files
