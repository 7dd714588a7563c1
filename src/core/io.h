// What goes into the core and what comes out: the whole boundary between deciding and doing.
//
// The shell (src/daemon) and the simulator (tests/sim) feed Events to Node::step() one at a time and
// perform the Actions in order. Nothing else crosses. Strings called `bytes` are wire messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "core/alert_io.h"
#include "core/config.h"
#include "core/push_io.h"

namespace cluster::core {

// What one RelayOut brings at most, and what may be on its way in one direction of a relayed session.
inline constexpr size_t kMaxRelayBytes = 16 << 10;
inline constexpr size_t kRelayWindowBytes = 128 << 10;
// What is said about files at once, with room in its frame for what is around it.
inline constexpr size_t kMaxFilesBytes = (1 << 20) - 64;

// Names a secret that a pair of nodes shares. The passphrases are {0, 0}; those that rotation makes count from 1
// and carry 8 bytes of their hash.
struct Generation {
  uint64_t count = 0;
  uint64_t hash = 0;

  bool operator==(const Generation&) const = default;
};

// A secret as the core keeps it: sealed by the shell, who alone can open it. The passphrases are not kept here:
// theirs is empty.
struct PairSecret {
  Generation generation;
  std::string sealed;

  bool operator==(const PairSecret&) const = default;
};

// ---------------------------------------------------------------------------------------- events

// A connection to `node` is authenticated in both directions. Not yet used for anything but the
// core's own first message.
struct LinkUp {
  LinkId link;
  NodeId node;
  HostId host;
  std::string name;       // as the peer's hosts file and ours have it
  DialId dial;            // our dial that led to it; 0 where the peer dialled
  std::string address;    // the peer's end of the connection, "IP:PORT" or "[IP]:PORT"
  Generation generation;  // by which both ends authenticated
  RelayId relay = {};  // of the session that it runs over, where others pass it on; 0: it is direct
};

// Who says that it is `host` has proved the secret, but comes with a key that SetAccess does not let in.
struct KeyRefused {
  HostId host;
  NodeId node;
  std::string address;
};

// The answer to DeriveSecret.
struct SecretDerived {
  LinkId link;
  PairSecret secret;
};

// What that relayed session has to say to its other end: at most kMaxRelayBytes, and never more than there is room
// for (OpenRelay, RelayRoom).
struct RelayOut {
  RelayId relay;
  std::string bytes;
};

// That relayed session has ended at this end: it was closed, or could not authenticate. Nothing follows of it.
struct RelayEnded {
  RelayId relay;
  std::string reason;
};

// The link is gone for a reason other than our own CloseLink.
struct LinkDown {
  LinkId link;
  std::string reason;
};

// One whole frame came in.
struct Received {
  LinkId link;
  std::string bytes;
};

enum class DialOutcome : uint8_t {
  kRefused,      // every address tried answered with a reset: nobody listens there
  kUnreachable,  // no route, no answer, or the name did not resolve
  kRejected,     // connected, but the handshake failed (wrong passphrase, not our protocol)
  kNotAdmitted,  // the other end proved the secret, and does not let this host's key in
};

// A dial led to no link. (One that did is reported by LinkUp alone.)
struct DialFailed {
  DialId dial;
  DialOutcome outcome = DialOutcome::kUnreachable;
  std::string reason;
};

// The addresses of this machine, without loopback unless it has no others; at start and on change.
struct LocalAddresses {
  std::vector<std::string> addresses;  // without port
};

// One of those that Probe asked has answered, if only by refusing.
struct ProbeAnswered {};

enum class ScriptEnd : uint8_t {
  kExited,     // code is its exit status
  kSignal,     // code is the signal that ended it (also after KillScript)
  kNotStarted  // could not be executed at all
};

struct ScriptEnded {
  RunId run;
  ScriptEnd how = ScriptEnd::kExited;
  int code = 0;
};

// The answer to KillService. Not all: something of it may go on, as what its scripts left running cannot be found.
struct ServiceKilled {
  std::string service;
  bool all = false;
};

// Everything of that Persist action is on stable storage.
struct Persisted {
  StoreTicket ticket;
};

// Nothing of that Persist action is guaranteed to be stored; what waited for it must not happen.
struct PersistFailed {
  StoreTicket ticket;
  std::string reason;
};

// A new validated configuration (SIGHUP, Reload()).
struct ConfigChanged {
  Config config;
};

enum class Verb : uint8_t {
  kStart,
  kStop,
  kRestart,
  kEnable,
  kDisable,
  kMove,
  kClear,
  kStandby,
  kOnline,
  kMaintenanceOn,
  kMaintenanceOff,
  kReadmit,
  kReadmitSelf,
  kSilence,
};

// An operator's order. Answered by exactly one Reply, when it is done or refused.
struct Command {
  RequestId request;
  Verb verb = Verb::kStart;
  std::string service;   // empty where the order is about a host; of kSilence: or "all"
  HostId host;           // of kMove, kStandby, kOnline, kMaintenanceOn and Off, kReadmit
  uint32_t seconds = 0;  // of kSilence, for how long; 0 ends it
};

// Leave the cluster: hand the services over, say goodbye; ends with the action Left.
struct Leave {};

// This machine is about to sleep, and waits a while for whom DelaySleep speaks; or, not near, it has woken, or does not
// sleep after all.
struct SleepPlanned {
  bool near = false;
};

// What src/sync has to say about files to a host of which FilesPeerUp was said last; lost where that has changed.
struct FilesSaid {
  NodeId to;
  std::string bytes;  // at most kMaxFilesBytes
};

// The time asked for by Wake has come (early or repeated ones do no harm).
struct Tick {};

using Event =
    std::variant<LinkUp, LinkDown, Received, DialFailed, LocalAddresses, ScriptEnded, Persisted,
                 PersistFailed, ConfigChanged, Command, Leave, Tick, SecretDerived, KeyRefused,
                 RelayOut, RelayEnded, ServiceKilled, ProbeAnswered, SleepPlanned, FilesSaid,
                 ConfigPush, ConfigValidated, ConfigApplied, AlertSent, Noticed>;

// --------------------------------------------------------------------------------------- actions

enum class Priority : uint8_t {
  kControl,  // before all else
  kBulk,
  kRelayed,  // for others: takes turns with bulk; dropped where too much of it waits
};

struct Send {
  LinkId link;
  std::string bytes;
  Priority priority = Priority::kControl;
};

inline constexpr Duration kLongestConnect = seconds(3);

// Open a connection and authenticate as `host`. Answered by LinkUp or DialFailed.
struct Dial {
  DialId dial;
  HostId host;
  std::string address;  // DNS name or IP without brackets; resolved anew at every dial
  uint16_t port = 0;
  Duration connect_within = kLongestConnect;  // of TCP alone, for each of its addresses
};

// Forget that dial; neither LinkUp nor DialFailed follows.
struct CancelDial {
  DialId dial;
};

// A session with that node which others pass on: authenticated as any link, and encrypted from end to end, so
// that they cannot read it. Ends in LinkUp or RelayEnded; what is to reach the other end comes as RelayOut.
struct OpenRelay {
  RelayId relay;
  HostId host;
  NodeId node;         // whose pieces these are, as others say: no proof
  bool dials = false;  // this end does
  size_t room = 0;     // bytes that RelayOut may bring before RelayRoom gives more
};

// Bytes from the other end, whole and in order.
struct RelayIn {
  RelayId relay;
  std::string bytes;
};

// The other end has taken so much: RelayOut may bring as much again.
struct RelayRoom {
  RelayId relay;
  size_t bytes = 0;
};

// The other end has ended it, or cannot be reached: no RelayEnded follows, but LinkDown where a link ran over it.
struct CloseRelay {
  RelayId relay;
  std::string reason;
};

// Close it after what was sent before has gone out (within a bound). No LinkDown follows.
struct CloseLink {
  LinkId link;
  std::string reason;
};

// Who is let in as `host`, and by what, from now on; replaces what was said before. A host of which nothing was
// said is not let in.
struct SetAccess {
  HostId host;
  std::optional<NodeId> node;  // the key that is known for it; others are refused, unless open
  std::vector<PairSecret>
      secrets;            // of that node: a dialer uses the first, which both ends have proved
  bool open = false;      // any other key may come in, by the passphrases
  bool expected = false;  // a link with it is to be made

  bool operator==(const SetAccess&) const = default;
};

// Make the secret with this count from the one that authenticated the link and from the link's session: both
// ends get the same. Answered by SecretDerived unless the link has gone.
struct DeriveSecret {
  LinkId link;
  uint64_t count = 0;
};

// Ask each of them once whether it is there. Each that answers within a bound is a ProbeAnswered.
struct Probe {
  std::vector<ProbeTarget> targets;
};

enum class Script : uint8_t { kStart, kStop, kStatus };
const char* to_string(Script script);  // "start", "stop", "status": the executable's name

// Run services.d/SERVICE/{start,stop,status} in a process group of its own. Answered by ScriptEnded.
struct RunScript {
  RunId run;
  std::string service;
  Script script = Script::kStart;
  std::vector<std::pair<std::string, std::string>> environment;  // the CLUSTER_* of the contract
};

// SIGKILL the whole process group. ScriptEnded follows as for any run.
struct KillScript {
  RunId run;
};

// SIGKILL to everything that the scripts of this service have started and left running, and to a script that runs
// now (ScriptEnded follows of that as for any run). Answered by ServiceKilled once all of it is dead, or after a bound.
struct KillService {
  std::string service;
};

// For as long as the core says nothing newer, the service may go on here until stop_at; then whoever outlives the
// core runs its `stop`, for lost ownership, and kills all of it at kill_at. kNever: without end.
struct Guard {
  std::string service;
  MonoTime stop_at;
  MonoTime kill_at;
  uint64_t epoch = 0;
  bool lease =
      false;  // others may start it as soon as this has run out, whatever this host knows then
  bool runs = false;  // as far as the core knows, though perhaps no start of this engine led to it
  std::vector<std::pair<std::string, std::string>> environment;  // of that `stop`
};

// Nothing of the service is to be guarded any more: it has been stopped, or never started.
struct Unguard {
  std::string service;
};

// Restart this machine, now and without regard: what runs on it must not go on.
struct Reboot {
  std::string why;
};

// From now on this machine is not to sleep before a word of ours (false: it may), as something here has to be handed
// over first. It waits no longer than it likes.
struct DelaySleep {
  bool wanted = false;
};

// There is a session with that node, over which files can be talked about: what is said arrives in order, or FilesPeerDown
// follows.
struct FilesPeerUp {
  NodeId node;
  HostId host;
  std::string name;
  LinkId link{};  // that content may go over as well, without the core: no other
};

struct FilesPeerDown {
  NodeId node;
};

struct FilesHeard {
  NodeId from;
  std::string bytes;
};

struct Write {
  std::string key;
  std::optional<std::string> value;  // nullopt erases

  bool operator==(const Write&) const = default;
};

// Store all of it or nothing, durably, in the order of the tickets. Answered by Persisted or
// PersistFailed.
struct Persist {
  StoreTicket ticket;
  std::vector<Write> writes;
};

// Call step with Tick at this time; replaces the Wake before it.
struct Wake {
  MonoTime at;
};

// The names that follow com.bammeson.cluster.Error. on the bus.
enum class Refusal : uint8_t {
  kNone,
  kUnknownService,
  kUnknownHost,
  kNotAble,
  kFailed,
  kBusy,
  kLeaving,
  kInvalidConfig,
};

struct Reply {
  RequestId request;
  Refusal refusal = Refusal::kNone;
  std::string text;  // the reason where refused, what happened where not
};

struct HostOnline {
  HostId host;
  std::string name;
};

struct HostOffline {
  HostId host;
  std::string name;
};

enum class ServiceState : uint8_t {
  kStopped,
  kClaiming,
  kStarting,
  kRunning,
  kStopping,
  kFailed,
  kStopFailed,
};
const char* to_string(ServiceState state);  // as in the status document: "stop-failed"

// The cluster-wide picture of a service, as this host sees it, changed.
struct ServiceChanged {
  std::string service;
  ServiceState state = ServiceState::kStopped;
  HostId host;           // the owner, or 0
  std::string why = {};  // it does not run; empty: it does, or is about to
};

enum class LogLevel : uint8_t { kError, kWarning, kInfo, kDebug };

struct Log {
  LogLevel level = LogLevel::kInfo;
  std::string text;
};

// This host has left, everything is handed over and stored: the engine may end.
struct Left {};

using Action = std::variant<Send, Dial, CancelDial, CloseLink, RunScript, KillScript, Persist, Wake,
                            Reply, HostOnline, HostOffline, ServiceChanged, Alert, Log, Left,
                            SetAccess, DeriveSecret, OpenRelay, RelayIn, RelayRoom, CloseRelay,
                            KillService, Guard, Unguard, Reboot, Probe, DelaySleep, FilesPeerUp,
                            FilesPeerDown, FilesHeard, ValidateConfig, ApplyConfig, SendAlert>;
using Actions = std::vector<Action>;

}  // namespace cluster::core
