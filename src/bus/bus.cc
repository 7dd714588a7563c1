#include "bus/bus.h"

#include <event2/event.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/ensure.h"
#include "base/utf8.h"
#include "bus/connector.h"
#include "bus/handler.h"
#include "bus/pump.h"
#include "bus/session.h"

namespace cluster::bus {
namespace {

using std::chrono::steady_clock;

constexpr Milliseconds kFirstRetry{1'000};
constexpr Milliseconds kLastRetry{30'000};

// How long a daemon that starts waits for a slow bus before it goes on without.
constexpr Milliseconds kPatience{5'000};

// Comparing the view costs little, and still it is not done for every beat of every host.
constexpr Milliseconds kCompareInterval{1'000};
constexpr Milliseconds kCompareSoon{20};

// The bus carries UTF-8 only, and a file may have any name.
std::string bus_text(std::string text) {
  if (!is_utf8(text))
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
        '?');
  return text;
}

}  // namespace

class Bus::Impl {
 public:
  Impl(event_base* base, const std::string& where, const std::string& version, Cluster& cluster)
      : base_(base), where_(where), version_(version), cluster_(cluster), handler_(base) {
    turn_ = timer([](evutil_socket_t, short, void* self) { static_cast<Impl*>(self)->turn(); });
    retry_ = timer([](evutil_socket_t, short, void* self) { static_cast<Impl*>(self)->retry(); });
    compare_ =
        timer([](evutil_socket_t, short, void* self) { static_cast<Impl*>(self)->compare(); });
    patience_ = timer(
        [](evutil_socket_t, short, void* self) { static_cast<Impl*>(self)->report_tried(false); });
    if (where_ == "none") {
      event_active(patience_.get(), EV_TIMEOUT, 0);
      return;
    }
    start_timer(patience_, kPatience);
    connect();
  }

  bool on_bus() const { return session_ && session_->name_is_ours(); }

  void emit(const core::HostOnline& action) { host(true, action.host, action.name); }
  void emit(const core::HostOffline& action) { host(false, action.host, action.name); }

  void emit(const core::ServiceChanged& action) {
    if (!session_) return;
    session_->emit("ServiceChanged", action.service, std::string(core::to_string(action.state)),
                   action.host.value);
    compare_now();
  }

  void emit(const core::Alert& action) {
    if (session_)
      session_->emit("Alert", std::string(core::to_string(action.severity)), action.text);
  }

  void emit_file_changed(const std::string& path) {
    if (session_) session_->emit("FileChanged", bus_text(path));
  }

  void emit_file_conflict(const std::string& path, const std::string& copy) {
    if (session_) session_->emit("FileConflict", bus_text(path), bus_text(copy));
  }

  void changed() {
    if (!session_ || event_pending(compare_.get(), EV_TIMEOUT, nullptr)) return;
    const auto since = std::chrono::duration_cast<Milliseconds>(steady_clock::now() - compared_);
    start_timer(compare_, std::max(kCompareSoon, kCompareInterval - since));
  }

 private:
  EventPtr timer(event_callback_fn callback) {
    EventPtr out(event_new(base_, -1, 0, callback, this));
    ENSURE(out != nullptr);
    return out;
  }

  void host(bool online, HostId id, const std::string& name) {
    if (!session_) return;
    session_->emit(online ? "HostOnline" : "HostOffline", id.value, name);
    session_->tell_handler(online, name);
    compare_now();
  }

  // At the end of this turn of the loop: the daemon may still be performing actions.
  void compare_now() {
    event_del(compare_.get());
    event_active(compare_.get(), EV_TIMEOUT, 0);
  }

  void compare() {
    compared_ = steady_clock::now();
    if (session_) session_->refresh();
  }

  void report_tried(bool on_bus) {
    event_del(patience_.get());
    if (std::exchange(tried_, true)) return;
    cluster_.bus_tried(on_bus);
  }

  void connect() {
    connector_ = std::make_unique<Connector>(base_, where_,
                                             [this](Connected connected, const std::string& error) {
                                               connected_or_not(std::move(connected), error);
                                             });
  }

  void connected_or_not(Connected connected, const std::string& error) {
    connector_.reset();
    if (!connected.connection) {
      no_bus(error);
      return;
    }
    handler_.forget_caller();
    Session::Watcher watcher;
    watcher.lost = [this](const std::string& why) { lost(why); };
    watcher.name = [this](bool ours) { name(ours); };
    watcher.name_taken = [this](const std::string& why) { name_taken(why); };
    try {
      session_ = std::make_unique<Session>(base_, cluster_, version_, handler_,
                                           std::move(connected), std::move(watcher));
    } catch (const sdbus::Error& fault) {
      no_bus(fault.getMessage());
      return;
    }
    session_->request_name();
  }

  void no_bus(const std::string& why) {
    if (why != last_failure_) {
      cluster_.log(core::LogLevel::kWarning, "no D-Bus at " + where_ + ": " + why);
      last_failure_ = why;
    }
    report_tried(false);
    retry_later();
  }

  void lost(const std::string& why) {
    cluster_.log(core::LogLevel::kWarning,
                 "the D-Bus connection is gone (" + why + "), will be back");
    lost_ = true;
    event_active(turn_.get(), EV_TIMEOUT, 0);
    report_tried(false);
  }

  // What may not be done from within a callback of the session.
  void turn() {
    if (!std::exchange(lost_, false)) return;
    session_.reset();
    retry_later();
  }

  void retry_later() {
    start_timer(retry_, backoff_);
    backoff_ = std::min(backoff_ * 2, kLastRetry);
  }

  void retry() {
    if (!session_) {
      if (!connector_) connect();
    } else if (!session_->name_is_ours()) {
      session_->request_name();
    }
  }

  void name(bool ours) {
    if (ours) {
      backoff_ = kFirstRetry;
      last_failure_.clear();
      event_del(retry_.get());
      cluster_.log(core::LogLevel::kInfo, std::string("on D-Bus as ") + kBusName);
      report_tried(true);
    } else {
      complain(std::string("the bus took the name ") + kBusName + " away from this daemon");
      retry_later();
    }
  }

  void name_taken(const std::string& why) {
    if (why.empty()) {
      complain(std::string("another program has the name ") + kBusName +
               " on the bus; this daemon gets it when that program ends");
    } else {
      complain(std::string("the bus refuses the name ") + kBusName + ": " + why);
      retry_later();
    }
    report_tried(false);
  }

  // Once, not at every try.
  void complain(const std::string& text) {
    if (text == last_failure_) return;
    last_failure_ = text;
    cluster_.log(core::LogLevel::kError, text);
    cluster_.alert(core::Severity::kWarning, text);
  }

  event_base* const base_;
  const std::string where_;
  const std::string version_;
  Cluster& cluster_;
  Clusterhandler handler_;

  bool tried_ = false;
  bool lost_ = false;
  std::string last_failure_;
  Milliseconds backoff_ = kFirstRetry;
  steady_clock::time_point compared_{};

  EventPtr turn_;
  EventPtr retry_;
  EventPtr compare_;
  EventPtr patience_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<Session> session_;
};

Bus::Bus(event_base* base, const std::string& where, const std::string& version, Cluster& cluster)
    : impl_(std::make_unique<Impl>(base, where, version, cluster)) {}

Bus::~Bus() = default;

Status Bus::check_address(const std::string& where) {
  if (where == "system" || where == "session" || where == "none") return {};
  // TRANSPORT:KEY=VALUE[,…][;…]; what the transport makes of it only connecting tells.
  const size_t colon = where.find(':');
  if (colon != std::string::npos && colon > 0 && where.find('=', colon) != std::string::npos)
    return {};
  return Error{"\"" + where +
               "\" is no bus: expected system, session, none or a D-Bus address such as "
               "unix:path=/run/dbus/system_bus_socket"};
}

bool Bus::on_bus() const { return impl_->on_bus(); }
void Bus::emit(const core::HostOnline& action) { impl_->emit(action); }
void Bus::emit(const core::HostOffline& action) { impl_->emit(action); }
void Bus::emit(const core::ServiceChanged& action) { impl_->emit(action); }
void Bus::emit(const core::Alert& action) { impl_->emit(action); }
void Bus::emit_file_changed(const std::string& path) { impl_->emit_file_changed(path); }
void Bus::emit_file_conflict(const std::string& path, const std::string& copy) {
  impl_->emit_file_conflict(path, copy);
}
void Bus::changed() { impl_->changed(); }

}  // namespace cluster::bus
