#include "tests/sim/batch.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace cluster::sim {

namespace {

// What a worker writes to its pipe for each run, before its violation and counts.
struct Head {
  uint64_t seed, digest, steps;
  int64_t at;
  uint32_t text_bytes, kinds;
  Verdict verdict;
};

bool write_all(int fd, const void* data, size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    ssize_t n = ::write(fd, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    bytes -= static_cast<size_t>(n);
  }
  return true;
}

bool read_all(int fd, void* data, size_t bytes) {
  char* at = static_cast<char*>(data);
  while (bytes > 0) {
    ssize_t n = ::read(fd, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    bytes -= static_cast<size_t>(n);
  }
  return true;
}

bool send_outcome(int fd, const Outcome& o) {
  Head head{};
  head.seed = o.seed;
  head.digest = o.digest;
  head.steps = o.steps;
  head.at = o.at.count();
  head.text_bytes = static_cast<uint32_t>(o.violation.size());
  head.kinds = static_cast<uint32_t>(o.faults.size());
  head.verdict = o.verdict;
  return write_all(fd, &head, sizeof head) && write_all(fd, o.violation.data(), head.text_bytes) &&
         write_all(fd, o.faults.data(), head.kinds * sizeof(uint32_t));
}

bool receive_outcome(int fd, Outcome& o) {
  Head head{};
  if (!read_all(fd, &head, sizeof head)) return false;
  o.seed = head.seed;
  o.digest = head.digest;
  o.steps = head.steps;
  o.at = Instant(head.at);
  o.verdict = head.verdict;
  o.violation.resize(head.text_bytes);
  o.faults.resize(head.kinds);
  return read_all(fd, o.violation.data(), head.text_bytes) &&
         read_all(fd, o.faults.data(), head.kinds * sizeof(uint32_t));
}

struct Worker {
  pid_t pid = -1;
  int fd = -1;
  uint64_t next = 0;  // the seed that it is at
};

[[noreturn]] void work(const BatchOptions& options, uint64_t seed, int fd) {
  for (uint64_t end = options.first + options.seeds; seed < end; seed += options.jobs) {
    Outcome outcome = run({seed, options.plant, false, options.large});
    if (options.twice &&
        run({seed, options.plant, false, options.large}).digest != outcome.digest) {
      outcome.verdict = Verdict::kCrash;
      outcome.violation = "a replay of the same seed went another way";
    }
    if (!send_outcome(fd, outcome)) ::_exit(1);
  }
  ::_exit(0);
}

void launch(const BatchOptions& options, Worker& worker, std::vector<Worker>& others) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  std::fflush(nullptr);
  worker.pid = ::fork();
  if (worker.pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (worker.pid == 0) {
    ::close(ends[0]);
    for (Worker& w : others)
      if (w.fd >= 0) ::close(w.fd);
    work(options, worker.next, ends[1]);
  }
  ::close(ends[1]);
  worker.fd = ends[0];
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return std::string("killed by ") + ::strsignal(WTERMSIG(status));
  return "ended with " + std::to_string(WEXITSTATUS(status));
}

void retire(Worker& worker, bool kill) {
  if (worker.fd < 0) return;
  if (kill) ::kill(worker.pid, SIGKILL);
  ::close(worker.fd);
  worker.fd = -1;
}

}  // namespace

void run_batch(const BatchOptions& options, const std::function<void(const Outcome&)>& done) {
  uint64_t end = options.first + options.seeds;
  std::vector<Worker> workers(options.jobs);
  for (unsigned i = 0; i < options.jobs; ++i) {
    workers[i].next = options.first + i;
    if (workers[i].next < end) launch(options, workers[i], workers);
  }
  bool stop = false;
  while (!stop) {
    std::vector<pollfd> polled;
    for (const Worker& w : workers) polled.push_back({w.fd, POLLIN, 0});
    bool any = false;
    for (const Worker& w : workers) any |= w.fd >= 0;
    if (!any) break;
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "poll");
    for (size_t i = 0; i < workers.size() && !stop; ++i) {
      Worker& worker = workers[i];
      if (worker.fd < 0 || polled[i].revents == 0) continue;
      Outcome outcome;
      if (receive_outcome(worker.fd, outcome)) {
        worker.next += options.jobs;
      } else {
        retire(worker, false);
        int status = 0;
        ::waitpid(worker.pid, &status, 0);
        if (worker.next >= end) continue;
        outcome = Outcome{};
        outcome.seed = worker.next;
        outcome.verdict = Verdict::kCrash;
        outcome.violation = how_it_ended(status);
        worker.next += options.jobs;
        if (worker.next < end) launch(options, worker, workers);
      }
      done(outcome);
      stop = options.until_first && outcome.verdict != Verdict::kClean;
    }
  }
  for (Worker& w : workers) {
    if (w.fd < 0) continue;
    retire(w, true);
    ::waitpid(w.pid, nullptr, 0);
  }
}

}  // namespace cluster::sim
