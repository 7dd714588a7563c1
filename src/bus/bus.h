// The daemon's face on D-Bus: name com.bammeson.cluster, object /com/bammeson/cluster and one object a
// host and a service, as dbus/*.xml describes them.
//
// The daemon implements bus::Cluster and owns one bus::Bus. Everything runs on the thread of the given
// event_base; nothing here waits for the bus: connecting, which can hang with a hung bus, happens on a
// thread of its own, and every call on the bus is asynchronous. Without a bus, or when it goes away, the
// Bus tries again by itself and registers everything anew.
//
// Construct it after daemonising: a connection does not survive fork(2).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "core/io.h"
#include "core/view.h"
#include "sync/view.h"

struct event_base;

namespace cluster::bus {

// Something that happened and that an operator may want to read later.
struct Happening {
  WallTime at;
  core::Severity severity = core::Severity::kInfo;
  std::string text;
};

// What came to the port, and what became of it, since the daemon started.
struct Strangers {
  uint64_t connections = 0;    // accepted
  uint64_t waiting = 0;        // of them, now neither authenticated nor gone
  uint64_t authenticated = 0;  // these and dialled ones
  uint64_t guesses = 0;        // at passphrases, that were not proved
  std::vector<std::pair<std::string, uint64_t>> refused;  // likewise, by kind
};

// Pieces of sessions between two hosts that were sent on a link, be it for others or of this host's own, since
// the daemon started.
struct RelayCounts {
  uint64_t frames = 0;
  uint64_t bytes = 0;
  uint64_t dropped = 0;  // frames, because too much waited on the link
};

// The answer to an operator's order; call it exactly once, at any later time on the loop's thread, or
// from within the call. It may outlive the Bus and the caller on the bus: then it does nothing.
using CommandDone = std::function<void(core::Refusal refusal, const std::string& text)>;

// Not ok: why nothing was changed, one fault a line as FILE:LINE: what is wrong.
using ReloadDone = std::function<void(const Status& status)>;

// What operators ask about files that are kept alike, and may want done to them.
struct FileRequest {
  enum class Verb : uint8_t { kLog, kRestore, kConfirm, kRevert, kPushPath, kPushRoot };
  Verb verb = Verb::kLog;
  std::string
      target;  // an absolute path on this host; of kConfirm, kRevert and kPushRoot a root's name
  std::string version;  // of kRestore: as kLog names it
};

// As CommandDone. Of kLog the text is a JSON array of retained versions, the newest first; of the others it says what was
// done. An error is the reason why not.
using FileDone = std::function<void(const Result<std::string>& answer)>;

// What the Bus needs of the daemon. Called from the event loop only; implementations put orders into
// their own queue and do not call back into the Bus except through CommandDone, ReloadDone and FileDone.
class Cluster {
 public:
  virtual ~Cluster() = default;

  virtual core::View view() = 0;
  virtual std::optional<std::string> explain(
      const std::string& service) = 0;  // nullopt: no such one
  virtual std::string simulate(const std::vector<HostId>& lost) = 0;
  virtual std::vector<Happening> events() = 0;  // oldest first
  virtual Strangers strangers() = 0;
  virtual RelayCounts relayed() = 0;

  // `command.request` is 0: the daemon numbers its requests itself.
  virtual void submit(core::Command command, CommandDone done) = 0;
  virtual void reload(ReloadDone done) = 0;
  // The text is the report where it is done.
  virtual void push_config(CommandDone done) = 0;

  virtual std::vector<sync::RootView> file_roots() = 0;
  virtual std::vector<sync::ClockOfPeer> clocks() = 0;
  // Its target is a path below one of the roots, or the name of one.
  virtual void files(FileRequest request, FileDone done) = 0;

  // What the Bus has to say itself. An alert given here is signalled on the bus by Bus::emit, if the
  // daemon passes it on, like any other.
  virtual void log(core::LogLevel level, const std::string& text) = 0;
  virtual void alert(core::Severity severity, const std::string& text) = 0;

  // The first attempt to get the name on the bus has ended, well or not: as far as the bus is
  // concerned the daemon is ready. Called once, never from the constructor; with "none" too.
  virtual void bus_tried(bool on_bus) = 0;
};

class Bus {
 public:
  // `where` is system, session, none or a D-Bus address; check_address() tells a usable one.
  // `version` is shown as the daemon's. `cluster` and `base` outlive the Bus.
  Bus(event_base* base, const std::string& where, const std::string& version, Cluster& cluster);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  // For --bus: an error says what is expected.
  static Status check_address(const std::string& where);

  // The name is ours at this moment.
  bool on_bus() const;

  // The core's actions of the same name: signals, calls of the registered clusterhandler, and then as
  // changed(). Never called from within a method of Cluster.
  void emit(const core::HostOnline& action);
  void emit(const core::HostOffline& action);
  void emit(const core::ServiceChanged& action);
  void emit(const core::Alert& action);

  // Absolute paths on this host. Another host's version is in place here; two versions met, and `copy` holds the one that
  // did not stay (empty: nothing had to be kept).
  void emit_file_changed(const std::string& path);
  void emit_file_conflict(const std::string& path, const std::string& copy);

  // The view may have changed. Cheap; may be called after every step. It is compared soon afterwards,
  // at most once a second, and only real differences (not RTT, not last seen) are sent on the bus.
  void changed();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cluster::bus
