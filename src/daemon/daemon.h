// One running clusterd: makes the parts, feeds the core with events, and answers the bus.
//
// Owns everything; members are destroyed in the reverse of the order in which they need each other.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alerts/teller.h"
#include "base/result.h"
#include "bus/bus.h"
#include "config/load.h"
#include "core/node.h"
#include "daemon/leaving.h"
#include "daemon/loop.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/owner_gate.h"
#include "daemon/parent.h"
#include "daemon/perform.h"
#include "daemon/requests.h"
#include "daemon/status_pages.h"
#include "files/keeper.h"
#include "net/addresses.h"
#include "net/background.h"
#include "net/identity.h"
#include "net/prober.h"
#include "net/secrets.h"
#include "net/transport.h"
#include "posix/fd.h"
#include "store/store.h"
#include "system/sleep_lock.h"

namespace cluster::daemon {

inline constexpr char kNodeKeyName[] = "node.key";  // in the state folder
// A bus that does not answer keeps nobody waiting for a daemon that works without it.
inline constexpr Duration kBusPatience = seconds(5);
// Secrets are derived once, at a host's first start: until then it could neither link nor know that it is
// alone, and must not count the time towards being settled. How often it looks whether they are there.
inline constexpr Duration kSecretsLook = milliseconds(5);
// Memory that only starting needed goes back to the system.
inline constexpr Duration kTrimAfter = seconds(3);

// What to ask src/config for; start, reload and --check-config alike.
config::Options config_options(const Options& options, config::Mode mode);

// Before the configuration is read: what a crash has left half in place of files that were pushed. Says what is in the way.
void finish_push(const Options& options);

// --verbose raises what cluster.conf says.
int effective_verbosity(const Options& options, int configured);

// Empty: all of this machine. A host named by a loopback address listens there alone, so that several on
// one machine need no port of their own each.
std::vector<std::string> listen_addresses(const config::Loaded& config);

class Daemon final : public bus::Cluster {
 public:
  // `parent` outlives it.
  Daemon(Options options, config::Loaded loaded, Notify notify, Parent& parent);
  ~Daemon() override;

  // Opens the store and starts the core. An error names what is in the way.
  Status start();
  // Until the host has left. The program's exit code.
  int run();

  // bus::Cluster
  core::View view() override;
  std::optional<std::string> explain(const std::string& service) override;
  std::string simulate(const std::vector<HostId>& lost) override;
  std::vector<bus::Happening> events() override { return happenings_.list(); }
  bus::Strangers strangers() override;
  bus::RelayCounts relayed() override;
  void submit(core::Command command, bus::CommandDone done) override;
  void reload(bus::ReloadDone done) override;
  void push_config(bus::CommandDone done) override;
  std::vector<sync::RootView> file_roots() override;
  std::vector<sync::ClockOfPeer> clocks() override;
  void files(bus::FileRequest request, bus::FileDone done) override;
  void log(core::LogLevel level, const std::string& text) override;
  void alert(core::Severity severity, const std::string& text) override;
  void notice(core::Noticed noticed);
  void bus_tried(bool on_bus) override;

 private:
  Status open_state();
  Status open_network();
  Status start_core();
  Status open_files();
  void open_alerts();
  void start_once_able();
  // For as long as the daemon lives; nullopt: without a time limit.
  void watch(evutil_socket_t fd, short what, std::function<void()> callback,
             std::optional<Duration> after = std::nullopt);

  void step(const core::Event& event, bool more);
  void perform();  // what is in actions_
  void turn_ended();

  void become_ready();
  // What these files, by default those in place, are for this host while it runs.
  struct Checked {
    std::optional<config::Loaded> next;  // exactly where there is no fault
    std::vector<std::string> faults;     // "FILE:LINE: what is wrong"
    std::vector<config::Fault> warnings;
  };
  Checked check(std::optional<core::PushFiles> texts) const;
  Status reload_and_say();
  Status reload_now();
  Result<core::PushFiles> with_own_settings(const core::PushFiles& pushed) const;
  void perform(const core::ValidateConfig& asked);
  void perform(const core::ApplyConfig& asked);
  void written(core::PushId id, const Status& status);
  void applied(core::PushId id, std::vector<std::string> faults);
  void apply(config::Loaded next);
  void apply_to_network(const config::Loaded& config);
  void apply_to_alerts(config::Loaded& config);
  void leave(const char* why);
  void left();
  void give_up();

  net::Report report();
  std::string summary();
  Duration leave_bound() const;

  const Options options_;
  config::Loaded config_;  // as it is in force
  const Notify notify_;
  Parent& parent_;
  int exit_code_ = kExitOk;
  bool ready_ = false;
  bool bus_settled_ = false;
  bool started_ = false;  // the core has; before, events wait in early_
  bool gone_ = false;     // the core has left: it hears nothing more

  Loop loop_;
  net::Background disk_work_{loop_.base(), 1};  // that a loop must not wait for
  Requests requests_;
  Happenings happenings_;
  http::Tally tally_;
  std::optional<net::Identity> identity_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<net::Secrets> secrets_;
  std::unique_ptr<net::Transport> transport_;
  std::vector<Fd> listening_;  // until the core has started
  std::unique_ptr<scripts::Runner> runner_;
  std::unique_ptr<core::Node> node_;
  std::optional<core::Boot> boot_;  // for the log, until the core has started
  std::vector<core::Event> early_;
  std::unique_ptr<Watch> secrets_look_;
  std::unique_ptr<WakeTimer> wake_;
  std::unique_ptr<net::Prober> prober_;
  std::unique_ptr<system::SleepLock> sleep_lock_;
  std::unique_ptr<bus::Bus> bus_;
  FileLinks file_links_;
  std::unique_ptr<files::Keeper> keeper_;
  std::unique_ptr<OwnerGate> owner_gate_;
  std::unique_ptr<alerts::AlertTeller> alerts_;
  std::unique_ptr<Performer> performer_;
  std::unique_ptr<StatusPages> status_pages_;
  std::unique_ptr<net::AddressWatch> addresses_;
  std::vector<std::unique_ptr<Watch>> watches_;  // signals and the shell's own timers
  std::unique_ptr<Leaving> leaving_;
  uint64_t shown_revision_ = 0;  // of the view that the bus was told of
  core::Actions actions_;        // kept for its memory
};

}  // namespace cluster::daemon
