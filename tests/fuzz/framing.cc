// Frames: what the send queue makes of payloads, what a receiver cuts from a stream, whole or in pieces.
#include "wire/framing.h"

#include <deque>
#include <iterator>
#include <map>
#include <vector>

#include "net/send_queue.h"
#include "tests/fuzz/fuzz.h"

namespace cluster::fuzz {
namespace {

constexpr size_t kMaxFrames = 16;

struct Cut {
  std::vector<std::string> frames;
  bool malformed = false;
};

// As a connection does: append what came, cut what is whole, keep the rest.
Cut cut(std::string_view stream, Input pieces) {
  Cut out;
  std::string buffer;
  while (!stream.empty() && !out.malformed) {
    const size_t size =
        pieces.empty() ? stream.size() : std::min(stream.size(), 1 + pieces.number(3) % 100'000);
    buffer.append(stream.substr(0, size));
    stream.remove_prefix(size);
    std::string_view rest = buffer, frame;
    wire::Header header;
    while ((header = wire::cut_frame(rest, &frame)) == wire::Header::kReady) {
      ENSURE(!frame.empty() && frame.size() <= wire::kMaxFrameBytes);
      out.frames.emplace_back(frame);
    }
    out.malformed = header == wire::Header::kMalformed;
    buffer.erase(0, buffer.size() - rest.size());
    ENSURE(out.malformed || buffer.size() < wire::kHeaderBytes + wire::kMaxFrameBytes);
  }
  return out;
}

std::string payload(Input& input) {
  static constexpr size_t kSizes[] = {1, 2, 255, 4096, 70'000, wire::kMaxFrameBytes - 1};
  if (input.flag()) return input.text();
  return std::string(input.pick(kSizes), static_cast<char>(input.byte()));
}

// What is pushed comes out: whole, and of each priority in its order.
void check_queue(Input& input, Input pieces) {
  static constexpr core::Priority kPriorities[] = {core::Priority::kControl, core::Priority::kBulk,
                                                   core::Priority::kRelayed};
  net::SendQueue queue;
  std::map<char, std::deque<std::string>> expected;
  std::string stream;
  for (size_t n = input.below(kMaxFrames); n > 0; --n) {
    const size_t which = input.below(std::size(kPriorities));
    const char mark = "cbr"[which];
    std::string frame = mark + payload(input);
    if (queue.push(frame, kPriorities[which]) == net::SendQueue::Pushed::kQueued)
      expected[mark].push_back(std::move(frame));
    if (input.flag()) queue.take(input.number(2), stream);
  }
  while (!queue.empty()) queue.take(1 + input.number(3), stream);
  const Cut out = cut(stream, pieces);
  ENSURE(!out.malformed);
  for (const std::string& frame : out.frames) {
    std::deque<std::string>& from = expected[frame.front()];
    ENSURE(!from.empty() && from.front() == frame);
    from.pop_front();
  }
  for (const auto& [mark, left] : expected) ENSURE(left.empty());
}

void check_stream(std::string_view stream, const Input& pieces) {
  const Cut whole = cut(stream, Input(nullptr, 0));
  const Cut parts = cut(stream, pieces);
  ENSURE(whole.frames == parts.frames && whole.malformed == parts.malformed);
  std::string back;
  for (const std::string& frame : whole.frames) back += wire::frame_header(frame.size()) + frame;
  ENSURE(stream.starts_with(back));
}

}  // namespace
}  // namespace cluster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace cluster::fuzz;
  Input input(bytes, size);
  const std::string pieces = input.text();
  const Input cuts(reinterpret_cast<const uint8_t*>(pieces.data()), pieces.size());
  if (input.flag()) {
    check_queue(input, cuts);
  } else {
    check_stream(input.take(size), cuts);
  }
  return 0;
}
