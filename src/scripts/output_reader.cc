#include "scripts/output_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "base/ensure.h"

namespace cluster::scripts {

namespace {

MonoTime now() {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return MonoTime(seconds(t.tv_sec) + Duration(t.tv_nsec));
}

// All readers live on one loop and none keeps anything here between two calls.
char shared_buffer[kReadBytesPerTurn];

}  // namespace

OutputReader::OutputReader(event_base* base, Fd fd, std::string service, core::Script script,
                           std::shared_ptr<OutputBudget> budget, std::function<void(Line)> line,
                           std::function<void()> closed)
    : fd_(std::move(fd)),
      service_(std::move(service)),
      script_(script),
      budget_(std::move(budget)),
      line_(std::move(line)),
      closed_(std::move(closed)),
      readable_(event_new(
          base, fd_.get(), EV_READ | EV_PERSIST,
          [](evutil_socket_t, short, void* self) {
            static_cast<OutputReader*>(self)->on_readable();
          },
          this)),
      timer_(event_new(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) { static_cast<OutputReader*>(self)->on_timer(); },
          this)) {
  ENSURE(readable_ && timer_ && event_add(readable_.get(), nullptr) == 0);
}

void OutputReader::say(std::string text, bool notice) {
  line_(Line{service_, script_, notice, std::move(text)});
}

bool OutputReader::drain() {
  const auto emit = [this](std::string text, bool notice) { say(std::move(text), notice); };
  const size_t bound = flooded_ ? kFloodBytesPerTurn : kReadBytesPerTurn;
  const MonoTime read_at = now();
  size_t total = 0;
  while (total < bound) {
    const ssize_t got = read(fd_.get(), shared_buffer, sizeof shared_buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      cutter_.finish(read_at, *budget_, emit);
      return false;
    }
    total += static_cast<size_t>(got);
    cutter_.feed(read_at, {shared_buffer, static_cast<size_t>(got)}, *budget_, emit);
    // Less than asked for: most likely all there was, and the loop will tell if not.
    if (static_cast<size_t>(got) < sizeof shared_buffer) break;
  }
  if (budget_->exhausted(read_at)) {
    if (!std::exchange(flooded_, true)) {
      fcntl(fd_.get(), F_SETPIPE_SZ, static_cast<int>(kFloodBytesPerTurn));
    }
    event_del(readable_.get());
    start_timer(timer_, kThrottle);
  }
  return true;
}

void OutputReader::on_readable() {
  if (!drain()) end();
}

void OutputReader::end() {
  const auto closed = closed_;  // outlives this
  closed();
}

// Ends a pause; and once the budget is renewed says what was dropped, even if no line follows.
void OutputReader::on_timer() {
  event_add(readable_.get(), nullptr);
  if (!cutter_.dropped()) return;
  const MonoTime at = now();
  if (at >= budget_->renewal()) {
    cutter_.report_dropped([this](std::string text, bool notice) { say(std::move(text), notice); });
    return;
  }
  if (!drain()) return end();
  if (!event_pending(readable_.get(), EV_READ, nullptr)) return;
  start_timer(timer_, budget_->renewal() - at);
}

}  // namespace cluster::scripts
