#include "bus/session.h"

#include <algorithm>
#include <utility>

namespace cluster::bus {
namespace {

constexpr Milliseconds kDriverTimeout{25'000};

// What is kept for a bus that does not read.
constexpr size_t kMaxUnsentSignals = 1024;

// Flags 0: no replacing, and where another has the name this one waits in the bus's queue, so that
// nothing need be asked again and again. Answers of org.freedesktop.DBus.RequestName:
constexpr uint32_t kNoFlags = 0;
constexpr uint32_t kPrimaryOwner = 1;
constexpr uint32_t kInQueue = 2;
constexpr uint32_t kAlreadyOwner = 4;

template <class Items, class Matches>
auto find_in(const Items& items, Matches matches) {
  return std::find_if(items.begin(), items.end(), matches);
}

}  // namespace

Session::Session(event_base* base, Cluster& cluster, const std::string& version,
                 Clusterhandler& handler, Connected connected, Watcher watcher)
    : cluster_(cluster),
      version_(version),
      handler_(handler),
      watcher_(std::move(watcher)),
      connected_(std::move(connected)) {
  view_ = [this]() -> const core::View& {
    if (!fresh_) fresh_ = cluster_.view();
    return *fresh_;
  };
  pump_ = std::make_unique<Pump>(
      base, *connected_.connection, [this] { fresh_.reset(); }, watcher_.lost);
  pending_ = std::make_shared<Pending>([this] { pump_->kick(); });
  connected_.names->changed = [this](bool ours) {
    ours_ = ours;
    watcher_.name(ours);
  };
  const Desk desk{cluster_, view_, version_, handler_, *pending_};
  manager_ = create_object(*connected_.connection, kRootPath, manager_interfaces(desk));
  manager_->addObjectManager();
  announced_ = view_();
  for (const core::HostView& host : announced_.hosts) publish(host);
  for (const core::ServiceView& service : announced_.services) publish(service);
}

Session::~Session() {
  const bool may_block = pump_->output_pending();
  services_.clear();
  hosts_.clear();
  manager_.reset();
  pending_.reset();
  pump_.reset();
  connected_.names->changed = nullptr;
  dispose(std::move(connected_), may_block);
}

bool Session::attempt(const std::function<void()>& send) {
  if (!pump_->output_pending()) {
    unsent_ = 0;
  } else if (++unsent_ > kMaxUnsentSignals) {
    if (unsent_ == kMaxUnsentSignals + 1) {
      cluster_.log(core::LogLevel::kWarning,
                   "the bus takes nothing; signals are dropped until it does");
    }
    return false;
  }
  try {
    send();
  } catch (const sdbus::Error& error) {
    // A connection that is going is noticed by the Pump; what was to be said is said no more.
    cluster_.log(core::LogLevel::kDebug, "not sent on the bus: " + error.getMessage());
  }
  pump_->kick();
  return true;
}

void Session::request_name() {
  attempt([this] {
    sdbus::MethodCall call = create_call(*connected_.driver, kDriverName, "RequestName");
    call << kBusName << kNoFlags;
    call_async(*connected_.driver, call, kDriverTimeout,
               [this](sdbus::MethodReply* reply, const sdbus::Error* error) {
                 uint32_t answer = 0;
                 if (reply) *reply >> answer;
                 if (answer == kPrimaryOwner || answer == kAlreadyOwner) {
                   if (std::exchange(ours_, true)) return;  // NameAcquired came first
                   watcher_.name(true);
                 } else if (answer == kInQueue) {
                   watcher_.name_taken("");
                 } else {
                   watcher_.name_taken(error ? error->getMessage() : "the bus gave no reason");
                 }
               });
  });
}

void Session::tell_handler(bool online, const std::string& name) {
  attempt([&] {
    handler_.tell(*connected_.connection, *connected_.driver, online, name,
                  [this] { pump_->kick(); });
  });
}

void Session::publish(const core::HostView& host) {
  hosts_[host.id] =
      create_object(*connected_.connection, host_path(host.id), {host_interface(host.id, view_)});
}

void Session::publish(const core::ServiceView& service) {
  services_[service.name] = create_object(*connected_.connection, service_path(service.name),
                                          {service_interface(service.name, view_)});
}

void Session::refresh() {
  fresh_.reset();
  const core::View after = view_();
  const bool sent = attempt([&] {
    refresh_hosts(after);
    refresh_services(after);
    const auto names = changed_properties(announced_, after);
    if (!names.empty()) emit_properties_changed(*manager_, kManagerInterface, names);
  });
  if (sent) announced_ = after;
}

void Session::refresh_hosts(const core::View& after) {
  for (const core::HostView& old : announced_.hosts) {
    const auto stays = find_in(after.hosts, [&](const core::HostView& host) {
      return host.id == old.id && host.name == old.name;
    });
    const auto object = hosts_.find(old.id);
    if (stays != after.hosts.end() || object == hosts_.end()) continue;
    object->second->emitInterfacesRemovedSignal();
    hosts_.erase(object);
  }
  for (const core::HostView& host : after.hosts) {
    const auto old =
        find_in(announced_.hosts, [&](const core::HostView& each) { return each.id == host.id; });
    if (!hosts_.contains(host.id)) {
      publish(host);
      hosts_.at(host.id)->emitInterfacesAddedSignal();
    } else if (old != announced_.hosts.end()) {
      const auto names = changed_properties(*old, host);
      if (!names.empty()) emit_properties_changed(*hosts_.at(host.id), kHostInterface, names);
    }
  }
}

void Session::refresh_services(const core::View& after) {
  for (const core::ServiceView& old : announced_.services) {
    const auto stays = find_in(
        after.services, [&](const core::ServiceView& service) { return service.name == old.name; });
    const auto object = services_.find(old.name);
    if (stays != after.services.end() || object == services_.end()) continue;
    object->second->emitInterfacesRemovedSignal();
    services_.erase(object);
  }
  for (const core::ServiceView& service : after.services) {
    const auto old = find_in(announced_.services, [&](const core::ServiceView& each) {
      return each.name == service.name;
    });
    if (!services_.contains(service.name)) {
      publish(service);
      services_.at(service.name)->emitInterfacesAddedSignal();
    } else if (old != announced_.services.end()) {
      const auto names = changed_properties(*old, service);
      if (!names.empty()) {
        emit_properties_changed(*services_.at(service.name), kServiceInterface, names);
      }
    }
  }
}

}  // namespace cluster::bus
