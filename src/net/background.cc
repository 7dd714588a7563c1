#include "net/background.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/ensure.h"
#include "net/socket.h"

namespace cluster::net {
namespace {

// Added to the process's own: the loop goes first where processors are short.
constexpr int kNice = 10;

void be_nice() {
  const auto self = static_cast<id_t>(gettid());
  setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + kNice);
}

}  // namespace

struct Background::Shared {
  std::mutex mutex;
  std::deque<Job> waiting;
  std::vector<Done> done;
  size_t threads = 0;
  size_t max_threads = 0;
  bool abandoned = false;
  Fd wakeup{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};

  // Signals are for the loop's thread.
  static void start_thread(std::shared_ptr<Shared> shared) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([shared = std::move(shared)] {
      be_nice();
      shared->work();
    }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void work() {
    std::unique_lock lock(mutex);
    while (!waiting.empty() && !abandoned) {
      Job job = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      Done result = job();
      job = nullptr;
      lock.lock();
      if (abandoned) {
        lock.unlock();
        result = nullptr;
        lock.lock();
        break;
      }
      done.push_back(std::move(result));
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t wrote = write(wakeup.get(), &one, sizeof one);
    }
    --threads;
  }
};

Background::Background(event_base* base, size_t max_threads) : shared_(std::make_shared<Shared>()) {
  ENSURE(shared_->wakeup);
  shared_->max_threads = max_threads;
  readable_.reset(event_new(
      base, shared_->wakeup.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Background*>(self)->deliver(); }, this));
  ENSURE(readable_ && event_add(readable_.get(), nullptr) == 0);
}

Background::~Background() {
  const std::scoped_lock lock(shared_->mutex);
  shared_->abandoned = true;
  shared_->waiting.clear();
  shared_->done.clear();
}

bool Background::run(Job job) {
  bool start = false;
  {
    const std::scoped_lock lock(shared_->mutex);
    if (shared_->waiting.size() >= kMaxWaiting) return false;
    shared_->waiting.push_back(std::move(job));
    if (shared_->threads < shared_->max_threads) {
      ++shared_->threads;
      start = true;
    }
  }
  if (start) Shared::start_thread(shared_);
  return true;
}

void Background::deliver() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(shared_->wakeup.get(), &count, sizeof count);
  std::vector<Done> done;
  {
    const std::scoped_lock lock(shared_->mutex);
    done.swap(shared_->done);
  }
  for (const Done& result : done) result();
}

}  // namespace cluster::net
