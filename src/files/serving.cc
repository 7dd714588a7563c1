#include "files/serving.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include <algorithm>

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
std::string Serving::read(const Opened& opened, const wire::ContentAsk::Part& part,
                          std::string* why) const {
  uint64_t size = part.size();
  if (size == 0) {
    if (const auto node = opened.nodes.find(part.digest()); node != opened.nodes.end())
      return node->second;
    size = opened.size;
  }
  std::string out(std::min<uint64_t>(size, kMaxChunkBytes), '\0');
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = pread(opened.fd.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(part.offset() + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      *why = got < 0 ? strerror(errno) : "it has become shorter";
      return "";
    }
    done += static_cast<size_t>(got);
  }
  return out;
}

bool Serving::step() {
  if (waiting_.empty()) {
    opened_.reset();
    open_content_.clear();
    return false;
  }
  Waiting& first = waiting_.front();
  wire::ContentGiven answer;
  answer.set_request(first.ask.request());
  const std::string what = first.ask.root() + '\n' + first.ask.path() + '\n' + first.ask.content();
  if (!opened_ || open_content_ != what) {
    opened_.reset();
    auto opened = world_.open(first.ask);
    if (opened) {
      opened_.emplace(std::move(*opened));
      open_content_ = what;
    } else {
      answer.set_missing(opened.error());
    }
  }
  size_t bytes = 0;
  while (opened_ && answer.missing().empty() && first.next < first.ask.parts_size() &&
         bytes < kMaxGivenBytes) {
    const auto& asked = first.ask.parts(first.next++);
    std::string why;
    std::string data = read(*opened_, asked, &why);
    if (!why.empty()) {
      answer.set_missing(why);
      break;
    }
    bytes += data.size();
    auto& part = *answer.add_parts();
    part.set_digest(asked.digest());
    if (opened_->size <= kMaxCompressedBytes && data.size() > 64) {
      uLongf length = compressBound(data.size());
      std::string packed(length, '\0');
      if (compress2(reinterpret_cast<Bytef*>(packed.data()), &length,
                    reinterpret_cast<const Bytef*>(data.data()), data.size(), 1) == Z_OK &&
          length < data.size()) {
        packed.resize(length);
        part.set_size(static_cast<uint32_t>(data.size()));
        data = std::move(packed);
      }
    }
    part.set_bytes(std::move(data));
  }
  const bool last = !answer.missing().empty() || first.next >= first.ask.parts_size();
  answer.set_last(last);
  const NodeId to = first.from;
  if (last) waiting_.pop_front();
  world_.give(to, std::move(answer));
  return !waiting_.empty();
}

}  // namespace cluster::files
