#include "net/transport.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "base/ensure.h"
#include "net/connection.h"
#include "net/dial.h"
#include "net/graveyard.h"
#include "net/listener.h"
#include "net/relays.h"
#include "net/resolver.h"
#include "net/strangers.h"
#include "net/tls.h"
#include "wire/framing.h"

namespace cluster::net {
namespace {

constexpr std::chrono::seconds kResolveTime{10};

using Clock = std::chrono::steady_clock;

// Over TCP; `direction`: "to" or "from".
Connection::Origin origin_of(const std::string& direction, const Endpoint& remote) {
  Connection::Origin origin;
  origin.remote = remote.text();
  origin.label = "connection " + direction + " " + origin.remote;
  origin.limit_group = remote.limit_group();
  return origin;
}

}  // namespace

class Transport::Impl final : public Connection::Owner {
 public:
  Impl(event_base* base, const Identity& identity, Secrets& secrets, TransportOptions options,
       std::function<void(core::Event)> events, Report report);
  ~Impl() override;

  void listen(std::vector<Fd> sockets);
  void dial(const core::Dial& action);
  void cancel(DialId dial);
  void open(const core::OpenRelay& action);
  void send(const core::Send& action);
  void send_bulk(LinkId link, std::string frame);
  void close(const core::CloseLink& action);
  void derive(const core::DeriveSecret& action);
  Relays& relays() { return relays_; }

  TransportCounters counters() const;

  // Connection::Owner
  bool may_shake(Connection& connection) override;
  std::string may_answer(Connection& connection, HostId claimed, const NodeId& node) override;
  void authenticated(Connection& connection) override;
  void received(Connection& connection, std::string frame) override;
  void ended(Connection& connection, const Connection::End& end) override;
  void gone(Connection& connection) override;

  TransportOptions options;
  std::function<void(LinkId, std::string)> received_bulk;
  std::unique_ptr<Listener> listener;
  std::map<LinkId, Connection*> links;
  std::vector<std::unique_ptr<Connection>> connections;

 private:
  // A dial goes through its addresses in turn; at any time it waits for one of: the secrets, the
  // resolver, a connect, a connection's handshake.
  struct Dialing {
    core::Dial action;
    std::vector<Endpoint> addresses;
    size_t next = 0;
    size_t refused = 0;
    bool rejected = false;
    bool not_admitted = false;
    std::string reason;  // of the worst failure so far: rejected, else the last
    EventPtr resolve_limit;
    std::unique_ptr<ConnectAttempt> attempt;
    Connection* connection = nullptr;
    Impl* owner = nullptr;
  };

  void secrets_derived(bool ready);
  bool may_begin(const Dialing& dialing) const;
  void begin(Dialing& dialing);
  void resolved(DialId dial, const Resolver::Answer& answer);
  void try_next(Dialing& dialing);
  void connected(DialId dial, const Endpoint& target, ConnectAttempt::Outcome outcome);
  void fail(DialId dial, core::DialOutcome outcome, const std::string& reason);
  bool free_ports_to(const Endpoint& target);
  void take_in(Fd fd, const Connection::Origin& origin);
  void evict(Strangers::Slot slot);
  void turn_away(Connection& connection, const std::string& what, const std::string& why);
  void refused(const Connection& connection, const Connection::End& end);
  Connection& adopt(Fd fd, Connection::Origin origin);

  event_base* base_;
  Secrets& secrets_;
  TlsContext tls_;
  std::function<void(core::Event)> events_;
  Report report_;
  Strangers strangers_;
  Refusals refusals_{report_};
  uint64_t accepted_ = 0;
  uint64_t authenticated_ = 0;
  uint64_t guesses_ = 0;
  uint64_t relayed_frames_ = 0;
  uint64_t relayed_bytes_ = 0;
  uint64_t relayed_dropped_ = 0;
  Resolver resolver_;
  std::map<DialId, Dialing> dials_;
  Graveyard graveyard_;
  Relays relays_;
  uint64_t next_link_ = 1;
};

Transport::Impl::Impl(event_base* base, const Identity& identity, Secrets& secrets,
                      TransportOptions opts, std::function<void(core::Event)> events, Report report)
    : options(opts),
      base_(base),
      secrets_(secrets),
      tls_(identity),
      events_(std::move(events)),
      report_(std::move(report)),
      resolver_(base),
      graveyard_(base),
      relays_(base, events_, graveyard_) {
  secrets_.on_derived([this](bool ready) { secrets_derived(ready); });
}

Transport::Impl::~Impl() { secrets_.on_derived(nullptr); }

// -------------------------------------------------------------------------------------- accepting

void Transport::Impl::listen(std::vector<Fd> sockets) {
  listener.reset();
  if (sockets.empty()) return;
  listener = std::make_unique<Listener>(
      base_, std::move(sockets), [this] { return secrets_.ready(); },
      [this](Fd fd, const Endpoint& remote) { take_in(std::move(fd), origin_of("from", remote)); },
      report_);
}

void Transport::Impl::secrets_derived(bool ready) {
  std::vector<Connection*> open;
  for (const auto& connection : connections) open.push_back(connection.get());
  for (Connection* connection : open) connection->derived();
  if (ready) {
    strangers_.forgive();
    if (listener) listener->resume();
  }
  std::vector<DialId> waiting;
  for (const auto& [id, dialing] : dials_)
    if (!dialing.connection && !dialing.attempt && dialing.addresses.empty() &&
        !dialing.resolve_limit && may_begin(dialing))
      waiting.push_back(id);
  for (const DialId id : waiting)
    if (const auto found = dials_.find(id); found != dials_.end()) begin(found->second);
}

bool Transport::Impl::may_begin(const Dialing& dialing) const {
  return secrets_.ready() && !secrets_.deriving(dialing.action.host);
}

// A stranger.
void Transport::Impl::take_in(Fd fd, const Connection::Origin& origin) {
  ++accepted_;
  const Strangers::Place place = strangers_.enter(origin.limit_group);
  if (place.evicted) evict(place.evicted);
  Connection& connection = adopt(std::move(fd), origin);
  connection.slot = place.slot;
  if (!place.slot) return turn_away(connection, "refused, ", "too many at once");
  connection.start();
}

void Transport::Impl::evict(Strangers::Slot slot) {
  const auto found = std::find_if(connections.begin(), connections.end(),
                                  [slot](const auto& one) { return one->slot == slot; });
  ENSURE(found != connections.end());
  turn_away(**found, "ended, ", "it has not authenticated yet, and others wait");
}

void Transport::Impl::turn_away(Connection& connection, const std::string& what,
                                const std::string& why) {
  const Connection::Origin& origin = connection.origin();
  if (!connection.closing()) {
    relays_.ended(origin.relay, why);
    refusals_.note(Refusal::kRoom, "", core::LogLevel::kWarning,
                   what + origin.label + ": room: " + why);
  }
  connection.reset();
}

bool Transport::Impl::may_shake(Connection& connection) {
  return strangers_.may_shake(connection.slot, Clock::now());
}

std::string Transport::Impl::may_answer(Connection& connection, HostId claimed,
                                        const NodeId& node) {
  return strangers_.may_guess(connection.slot, connection.origin().limit_group, claimed, node,
                              Clock::now());
}

// ---------------------------------------------------------------------------------------- dialling

void Transport::Impl::dial(const core::Dial& action) {
  Dialing& dialing = dials_[action.dial];
  dialing.action = action;
  dialing.owner = this;
  if (may_begin(dialing)) begin(dialing);
}

void Transport::Impl::begin(Dialing& dialing) {
  const core::Dial& action = dialing.action;
  if (action.host == secrets_.self())
    return fail(action.dial, core::DialOutcome::kRejected, "that is this host itself");
  if (!secrets_.name(action.host))
    return fail(action.dial, core::DialOutcome::kRejected,
                "host " + std::to_string(action.host.value) + " is not in the hosts file");
  dialing.resolve_limit.reset(evtimer_new(
      base_,
      [](evutil_socket_t, short, void* argument) {
        const auto* late = static_cast<const Dialing*>(argument);
        late->owner->fail(late->action.dial, core::DialOutcome::kUnreachable,
                          "cannot resolve " + late->action.address + " within " +
                              std::to_string(kResolveTime.count()) + " s");
      },
      &dialing));
  start_timer(dialing.resolve_limit, kResolveTime);
  resolver_.resolve(
      action.dial, action.address, action.port,
      [this, dial = action.dial](const Resolver::Answer& answer) { resolved(dial, answer); });
}

void Transport::Impl::resolved(DialId dial, const Resolver::Answer& answer) {
  const auto found = dials_.find(dial);
  if (found == dials_.end()) return;
  Dialing& dialing = found->second;
  event_del(dialing.resolve_limit.get());
  if (answer.addresses.empty()) return fail(dial, core::DialOutcome::kUnreachable, answer.error);
  dialing.addresses = answer.addresses;
  for (const Endpoint& address : answer.addresses)
    strangers_.know(address.limit_group(), Clock::now());
  try_next(dialing);
}

void Transport::Impl::try_next(Dialing& dialing) {
  const DialId dial = dialing.action.dial;
  if (dialing.next == dialing.addresses.size()) {
    const core::DialOutcome outcome = dialing.refused == dialing.addresses.size()
                                          ? core::DialOutcome::kRefused
                                      : dialing.not_admitted ? core::DialOutcome::kNotAdmitted
                                      : dialing.rejected     ? core::DialOutcome::kRejected
                                                             : core::DialOutcome::kUnreachable;
    return fail(dial, outcome, dialing.reason);
  }
  const Endpoint target = dialing.addresses[dialing.next++];
  static const std::vector<Endpoint> none;
  dialing.attempt = std::make_unique<ConnectAttempt>(
      base_, target,
      departure_for(target, listener ? listener->addresses() : none,
                    options.dial_from_listening_port),
      dialing.action.connect_within, [this, &target] { return free_ports_to(target); },
      [this, dial, target](ConnectAttempt::Outcome outcome) {
        connected(dial, target, std::move(outcome));
      });
}

// A link that is only finishing its goodbye may hold the pair of ports that the next dial wants.
bool Transport::Impl::free_ports_to(const Endpoint& target) {
  std::vector<Connection*> finishing;
  for (const auto& connection : connections)
    if (connection->closing() && connection->origin().remote == target.text())
      finishing.push_back(connection.get());
  for (Connection* connection : finishing) connection->abort();
  return !finishing.empty();
}

void Transport::Impl::connected(DialId dial, const Endpoint& target,
                                ConnectAttempt::Outcome outcome) {
  const auto found = dials_.find(dial);
  if (found == dials_.end()) return;
  Dialing& dialing = found->second;
  dialing.attempt.reset();
  if (!outcome.fd) {
    if (outcome.error == ECONNREFUSED) ++dialing.refused;
    if (!dialing.rejected)
      dialing.reason = "cannot connect to " + target.text() + ": " + std::strerror(outcome.error);
    return try_next(dialing);
  }
  Connection::Origin origin = origin_of("to", target);
  origin.target = dialing.action.host;
  origin.dial = dial;
  origin.from_listening_port = outcome.from_listening_port;
  Connection& connection = adopt(std::move(outcome.fd), std::move(origin));
  dialing.connection = &connection;
  connection.start();
}

void Transport::Impl::fail(DialId dial, core::DialOutcome outcome, const std::string& reason) {
  resolver_.forget(dial);
  const auto node = dials_.extract(dial);
  if (!node.empty()) events_(core::DialFailed{dial, outcome, reason});
}

void Transport::Impl::cancel(DialId dial) {
  const auto node = dials_.extract(dial);
  if (node.empty()) return;
  resolver_.forget(dial);
  if (node.mapped().connection) node.mapped().connection->abort();
}

// ---------------------------------------------------------------------------------------- relaying

void Transport::Impl::open(const core::OpenRelay& action) {
  if (!secrets_.ready())
    return events_(core::RelayEnded{action.relay, "the secrets are not derived yet"});
  const std::optional<std::string> name = secrets_.name(action.host);
  auto opened = relays_.open(
      action, "host " + std::to_string(action.host.value) + (name ? " (" + *name + ")" : ""));
  if (!opened) return;
  if (!action.dials) return take_in(std::move(opened->socket), opened->origin);
  adopt(std::move(opened->socket), std::move(opened->origin)).start();
}

// ------------------------------------------------------------------------------------- connections

Connection& Transport::Impl::adopt(Fd fd, Connection::Origin origin) {
  origin.handshake_time = options.handshake_time;
  connections.push_back(
      std::make_unique<Connection>(base_, std::move(fd), tls_, secrets_, *this, origin));
  return *connections.back();
}

void Transport::Impl::authenticated(Connection& connection) {
  ++authenticated_;
  const Handshake::Peer& peer = connection.peer();
  strangers_.met(connection.slot, connection.origin().limit_group, peer.host, peer.node,
                 Clock::now());
  connection.slot = 0;
  const DialId dial = connection.origin().dial;
  dials_.erase(dial);
  connection.link = LinkId(next_link_++);
  links[connection.link] = &connection;
  events_(core::LinkUp{connection.link, peer.node, peer.host, peer.name, dial,
                       connection.origin().remote, peer.generation, connection.origin().relay});
}

void Transport::Impl::received(Connection& connection, std::string frame) {
  if (frame[0] == wire::kBulkMark && received_bulk)
    return received_bulk(connection.link, std::move(frame));
  events_(core::Received{connection.link, std::move(frame)});
}

void Transport::Impl::ended(Connection& connection, const Connection::End& own_end) {
  Connection::End end = own_end;
  end.reason = relays_.ended(connection.origin().relay, end.reason);
  if (connection.link) {
    links.erase(connection.link);
    if (end.refused) refused(connection, end);
    events_(core::LinkDown{connection.link, end.reason});
    return;
  }
  strangers_.ending(connection.slot);
  refused(connection, end);
  const auto found = dials_.find(connection.origin().dial);
  if (found == dials_.end()) return;
  Dialing& dialing = found->second;
  dialing.connection = nullptr;
  if (end.refused || !dialing.rejected)
    dialing.reason = "connected to " + connection.origin().remote + ", but " + end.reason;
  dialing.rejected |= end.refused;
  dialing.not_admitted |= end.kind == Refusal::kKeyRefused;
  try_next(dialing);
}

void Transport::Impl::refused(const Connection& connection, const Connection::End& end) {
  if (end.kind == Refusal::kNotAdmitted)
    events_(core::KeyRefused{connection.peer().host, connection.peer().node,
                             connection.origin().remote});
  const HostId target = connection.origin().target;
  const char* what = connection.link ? "link closed, " : end.refused ? "refused, " : "ended, ";
  // Whoever only looks whether the port is open says nothing and is no news.
  const core::LogLevel level = end.refused  ? core::LogLevel::kWarning
                               : end.silent ? core::LogLevel::kDebug
                                            : core::LogLevel::kInfo;
  refusals_.note(end.kind, target ? std::to_string(target.value) : "", level,
                 what + connection.origin().label + ": " + to_string(end.kind) + ": " + end.reason);
}

TransportCounters Transport::Impl::counters() const {
  return {accepted_,          authenticated_,  strangers_.size(), guesses_,
          refusals_.counts(), relayed_frames_, relayed_bytes_,    relayed_dropped_};
}

void Transport::Impl::gone(Connection& connection) {
  links.erase(connection.link);
  relays_.gone(connection.origin().relay);
  strangers_.leave(connection.slot);
  guesses_ += connection.guess_open();
  const auto at = std::find_if(connections.begin(), connections.end(),
                               [&](const auto& one) { return one.get() == &connection; });
  ENSURE(at != connections.end());
  graveyard_.take(std::move(*at));
  connections.erase(at);
}

void Transport::Impl::send(const core::Send& action) {
  const auto found = links.find(action.link);
  if (found == links.end()) return;
  const bool queued = found->second->send(action.bytes, action.priority);
  if (action.priority != core::Priority::kRelayed) return;
  relayed_frames_ += queued;
  relayed_bytes_ += queued ? action.bytes.size() : 0;
  relayed_dropped_ += !queued;
}

void Transport::Impl::send_bulk(LinkId link, std::string frame) {
  const auto found = links.find(link);
  if (found != links.end()) found->second->send(std::move(frame), core::Priority::kBulk);
}

void Transport::Impl::close(const core::CloseLink& action) {
  const auto found = links.find(action.link);
  if (found == links.end()) return;
  Connection* connection = found->second;
  links.erase(found);
  relays_.ended(connection->origin().relay, action.reason);
  connection->close();
}

void Transport::Impl::derive(const core::DeriveSecret& action) {
  const auto found = links.find(action.link);
  if (found != links.end())
    events_(core::SecretDerived{action.link,
                                secrets_.derive_next(found->second->peer(), action.count)});
}

// ------------------------------------------------------------------------------------------ outside

Transport::Transport(event_base* base, const Identity& identity, Secrets& secrets,
                     TransportOptions options, std::function<void(core::Event)> events,
                     Report report)
    : impl_(std::make_unique<Impl>(base, identity, secrets, options, std::move(events),
                                   std::move(report))) {}
Transport::~Transport() = default;

void Transport::listen(std::vector<Fd> sockets) { impl_->listen(std::move(sockets)); }

uint16_t Transport::port() const {
  return impl_->listener ? impl_->listener->addresses().front().port() : 0;
}

void Transport::set_options(TransportOptions options) { impl_->options = options; }
void Transport::perform(const core::Dial& action) { impl_->dial(action); }
void Transport::perform(const core::CancelDial& action) { impl_->cancel(action.dial); }
void Transport::perform(const core::Send& action) { impl_->send(action); }
void Transport::perform(const core::CloseLink& action) { impl_->close(action); }
void Transport::perform(const core::DeriveSecret& action) { impl_->derive(action); }
void Transport::perform(const core::OpenRelay& action) { impl_->open(action); }
void Transport::perform(const core::RelayIn& action) { impl_->relays().perform(action); }
void Transport::perform(const core::RelayRoom& action) { impl_->relays().perform(action); }
void Transport::perform(const core::CloseRelay& action) { impl_->relays().perform(action); }

void Transport::send_bulk(LinkId link, std::string frame) {
  impl_->send_bulk(link, std::move(frame));
}
void Transport::on_bulk(std::function<void(LinkId, std::string)> received) {
  impl_->received_bulk = std::move(received);
}

size_t Transport::closing() const {
  return static_cast<size_t>(
      std::count_if(impl_->connections.begin(), impl_->connections.end(),
                    [](const auto& one) { return one->closing() && one->link; }));
}

TransportCounters Transport::counters() const { return impl_->counters(); }

}  // namespace cluster::net
