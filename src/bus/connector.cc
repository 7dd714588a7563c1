#include "bus/connector.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "base/ensure.h"
#include "posix/fd.h"

namespace cluster::bus {
namespace {

// The daemon's signals belong to the thread of its loop.
template <class Function>
void start_thread(Function function) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread(std::move(function)).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Connected open(const std::string& where) {
  Connected out;
  out.names = std::make_unique<Connected::NameEvents>();
  out.connection = open_connection(where);
  out.driver = create_proxy(*out.connection, kDriverName, kDriverPath);
  on_signals(*out.driver, kDriverName, {"NameAcquired", "NameLost"},
             [names = out.names.get()](sdbus::Signal& signal) {
               std::string name;
               signal >> name;
               const bool ours = std::string(signal.getMemberName()) == "NameAcquired";
               if (name == kBusName && names->changed) names->changed(ours);
             });
  return out;
}

}  // namespace

struct Connector::Shared {
  std::mutex mutex;
  bool abandoned = false;
  Connected connected;
  std::string error;
  Fd ready;
};

Connector::Connector(event_base* base, const std::string& where, Done done)
    : done_(std::move(done)), shared_(std::make_shared<Shared>()) {
  shared_->ready.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ENSURE(shared_->ready, "no descriptor for an eventfd");
  const auto ready = [](evutil_socket_t, short, void* self) {
    static_cast<Connector*>(self)->finished();
  };
  event_.reset(event_new(base, shared_->ready.get(), EV_READ, ready, this));
  ENSURE(event_ != nullptr && event_add(event_.get(), nullptr) == 0);
  start_thread([shared = shared_, where] {
    Connected connected;
    std::string error;
    try {
      connected = open(where);
    } catch (const std::exception& fault) {
      error = fault.what();
    }
    const std::lock_guard lock(shared->mutex);
    if (shared->abandoned) return;
    shared->connected = std::move(connected);
    shared->error = std::move(error);
    const uint64_t one = 1;
    // Cannot fail: an eventfd that nobody wrote to before takes eight bytes.
    (void)!::write(shared->ready.get(), &one, sizeof one);
  });
}

Connector::~Connector() {
  event_.reset();
  Connected unused;
  const std::lock_guard lock(shared_->mutex);
  shared_->abandoned = true;
  unused = std::move(shared_->connected);
  dispose(std::move(unused), true);
}

void Connector::finished() {
  Connected connected;
  std::string error;
  {
    const std::lock_guard lock(shared_->mutex);
    connected = std::move(shared_->connected);
    error = std::move(shared_->error);
  }
  const Done done = std::move(done_);
  done(std::move(connected), error);  // may destroy this
}

void dispose(Connected connected, bool may_block) {
  if (may_block && connected.connection) start_thread([held = std::move(connected)] {});
}

}  // namespace cluster::bus
