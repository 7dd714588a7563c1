// All that exists on one connection to the bus: objects, calls that wait, the name. When the connection
// is gone so is the Session, and the next connection gets a new one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bus/bus.h"
#include "bus/connector.h"
#include "bus/handler.h"
#include "bus/manager.h"
#include "bus/objects.h"
#include "bus/pending.h"
#include "bus/pump.h"

namespace cluster::bus {

class Session {
 public:
  // From the loop; the Session may not be destroyed from within them.
  struct Watcher {
    std::function<void(const std::string& why)> lost;  // once: the connection
    std::function<void(bool ours)> name;               // the bus says so
    std::function<void(const std::string& why)>
        name_taken;  // queued behind another owner, or refused
  };

  // Everything referred to outlives the Session.
  Session(event_base* base, Cluster& cluster, const std::string& version, Clusterhandler& handler,
          Connected connected, Watcher watcher);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void request_name();
  bool name_is_ours() const { return ours_; }

  // Signals of Manager1.
  template <class... Arguments>
  void emit(const char* signal, const Arguments&... arguments) {
    attempt([&] {
      sdbus::Signal message = create_signal(*manager_, kManagerInterface, signal);
      static_cast<void>((message << ... << arguments));
      manager_->emitSignal(message);
    });
  }

  void tell_handler(bool online, const std::string& name);

  // Compares the view with what was last announced and sends the differences.
  void refresh();

 private:
  // False, and nothing done: too much waits for the bus to read.
  bool attempt(const std::function<void()>& send);
  void publish(const core::HostView& host);
  void publish(const core::ServiceView& service);
  void refresh_hosts(const core::View& after);
  void refresh_services(const core::View& after);

  Cluster& cluster_;
  const std::string& version_;
  Clusterhandler& handler_;
  Watcher watcher_;
  bool ours_ = false;
  size_t unsent_ = 0;

  std::optional<core::View> fresh_;  // taken at most once a wake
  core::View announced_;
  ViewSource view_;

  // The connection goes last: messages and objects refer to it.
  Connected connected_;
  std::unique_ptr<Pump> pump_;
  std::shared_ptr<Pending> pending_;
  std::unique_ptr<sdbus::IObject> manager_;
  std::map<HostId, std::unique_ptr<sdbus::IObject>> hosts_;
  std::map<std::string, std::unique_ptr<sdbus::IObject>> services_;
};

}  // namespace cluster::bus
