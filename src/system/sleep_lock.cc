#include "system/sleep_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/ensure.h"

namespace cluster::system {

namespace {

constexpr char kName[] = "org.freedesktop.login1";
constexpr char kPath[] = "/org/freedesktop/login1";
constexpr char kManager[] = "org.freedesktop.login1.Manager";

bool failed(sd_bus_message* reply) { return sd_bus_message_is_method_error(reply, nullptr) != 0; }

}  // namespace

SleepLock::SleepLock(event_base* base, const std::string& where, Watcher watcher)
    : base_(base), where_(where), watcher_(std::move(watcher)) {
  connect_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<SleepLock*>(self)->connect(); }, this));
  ask_again_.reset(event_new(
      base, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<SleepLock*>(self)->ask(); },
      this));
  let_go_.reset(event_new(
      base, -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<SleepLock*>(self)->let_go(); }, this));
  ENSURE(connect_ && ask_again_ && let_go_);
  if (where_ != "none") event_active(connect_.get(), EV_TIMEOUT, 0);
}

void SleepLock::connect() {
  bus_ = std::make_unique<BusConnection>(
      base_, where_,
      BusConnection::Watcher{[this] { connected(); },
                             [this](const std::string& why) { lost(why); }});
}

// The lock stays: it is a descriptor, and no business of the bus.
void SleepLock::lost(const std::string& why) {
  bus_.reset();
  ready_ = asking_ = false;
  no_lock("no bus: " + why);
  start_timer(connect_, pause_);
  pause_ = std::min<Duration>(pause_ * 2, kLastBusPause);
}

void SleepLock::connected() {
  ready_ = true;
  pause_ = kFirstBusPause;
  sd_bus* const bus = bus_->get();
  sd_bus_match_signal_async(bus, nullptr, kName, kPath, kManager, "PrepareForSleep", on_planned,
                            nullptr, this);
  const std::string owner = std::string("type='signal',sender='") + kDriver + "',path='" +
                            kDriverPath + "',interface='" + kDriver +
                            "',member='NameOwnerChanged',arg0='" + kName + "'";
  sd_bus_add_match_async(bus, nullptr, owner.c_str(), on_owner, nullptr, this);
  // An engine that died in between has not heard it.
  sd_bus_call_method_async(bus, nullptr, kName, kPath, "org.freedesktop.DBus.Properties", "Get",
                           on_preparing, this, "ss", kManager, "PreparingForSleep");
  ask();
  bus_->kick();
}

void SleepLock::perform(const core::DelaySleep& action) {
  wanted_ = action.wanted;
  if (wanted_) {
    event_del(let_go_.get());
    ask();
  } else if (lock_) {
    start_timer(let_go_, kLastWords);
  }
}

void SleepLock::ask() {
  if (!ready_ || !wanted_ || lock_ || std::exchange(asking_, true)) return;
  sd_bus_message* call = nullptr;
  int result =
      sd_bus_message_new_method_call(bus_->get(), &call, kName, kPath, kManager, "Inhibit");
  if (result >= 0) result = sd_bus_message_set_auto_start(call, 0);
  if (result >= 0)
    result = sd_bus_message_append(call, "ssss", "sleep", "clusterd",
                                   "Services are handed over to other hosts", "delay");
  if (result >= 0) result = sd_bus_call_async(bus_->get(), nullptr, call, on_lock, this, 0);
  sd_bus_message_unref(call);
  if (result < 0) {
    asking_ = false;
    no_lock(reason_of(result));
    ask_later();
  }
  bus_->kick();
}

void SleepLock::ask_later() { start_timer(ask_again_, kAskAgain); }

void SleepLock::no_lock(const std::string& why) {
  if (std::exchange(told_, why) == why) return;
  watcher_.log(core::LogLevel::kDebug, "logind does not delay sleep for this daemon: " + why);
}

int SleepLock::on_lock(sd_bus_message* reply, void* data, sd_bus_error*) {
  auto& self = *static_cast<SleepLock*>(data);
  self.asking_ = false;
  int fd = -1;
  if (failed(reply)) {
    self.no_lock(reason_of(0, sd_bus_message_get_error(reply)));
    self.ask_later();
    return 0;
  }
  if (sd_bus_message_read(reply, "h", &fd) >= 0) self.lock_.reset(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!self.lock_) {
    self.no_lock("its answer is no lock");
    self.ask_later();
  } else {
    self.told_.clear();
    if (!self.wanted_) self.let_go();
  }
  return 0;
}

int SleepLock::on_planned(sd_bus_message* signal, void* data, sd_bus_error*) {
  auto& self = *static_cast<SleepLock*>(data);
  int near = 0;
  if (sd_bus_message_read(signal, "b", &near) < 0) return 0;
  self.watcher_.planned(near != 0);
  if (near == 0) self.ask();
  return 0;
}

int SleepLock::on_preparing(sd_bus_message* reply, void* data, sd_bus_error*) {
  auto& self = *static_cast<SleepLock*>(data);
  int near = 0;
  if (failed(reply) || sd_bus_message_read(reply, "v", "b", &near) < 0) return 0;
  if (near != 0) self.watcher_.planned(true);
  return 0;
}

int SleepLock::on_owner(sd_bus_message* signal, void* data, sd_bus_error*) {
  const char *name = nullptr, *before = nullptr, *after = nullptr;
  if (sd_bus_message_read(signal, "sss", &name, &before, &after) < 0 || *after == '\0') return 0;
  auto& self = *static_cast<SleepLock*>(data);
  // The one that held the lock is gone, and the lock with it.
  self.let_go();
  self.ask();
  return 0;
}

}  // namespace cluster::system
