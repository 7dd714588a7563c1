#include "tests/sim/network.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "tests/sim/tunnels.h"

namespace cluster::sim {

using core::DialOutcome;

namespace {

// As the transport's own limit on what is not yet authenticated.
constexpr Duration kDialTimeout = seconds(5);
constexpr Duration kNoRouteAfter = milliseconds(3);
// A healed TCP connection goes on with its next retransmission.
constexpr Duration kLongestRetransmission = seconds(3);
constexpr double kJitter = 0.3;
constexpr Duration kRouterRemembers = minutes(1);

}  // namespace

Network::Network(Queue& queue, Machines& machines, size_t count, Rng rng)
    : queue_(queue),
      machines_(machines),
      rng_(rng),
      hosts_(count),
      latency_(count, std::vector<Duration>(count, milliseconds(1))),
      extra_(count, std::vector<Duration>(count)),
      blocked_(count, std::vector<int>(count)),
      tunnels_(std::make_unique<Tunnels>(queue, machines, *this, Rng(rng).fork())) {}

Network::~Network() = default;

void Network::set_address(MachineId machine, std::string ip, Nat nat) {
  Host& host = hosts_[machine];
  host.ip = std::move(ip);
  host.nat = nat;
  host.outside = nat == Nat::kNone ? host.ip : "198.51.100." + std::to_string(machine + 1);
  host.dialled.clear();
}

void Network::move(MachineId machine, std::string ip, Nat nat) {
  set_address(machine, std::move(ip), nat);
  for (MachineId other = 0; other < hosts_.size(); ++other)
    if (other != machine) black_hole(machine, other);
}

Network::Connection* Network::find(uint64_t id) {
  auto it = connections_.find(id);
  return it == connections_.end() ? nullptr : &it->second;
}

Network::Connection* Network::find(MachineId machine, LinkId link) {
  Connection* c = find(link.value / 2);
  if (c == nullptr) return nullptr;
  const End& end = c->ends[link.value % 2];
  return end.machine == machine && end.state == State::kUp ? c : nullptr;
}

void Network::dial(MachineId from, const core::Dial& dial) {
  uint64_t id = next_++;
  Connection& c = connections_[id];
  c.ends[0].machine = from;
  c.dial = dial.dial;
  c.wanted = dial.host;
  c.early = rng_.chance(0.5);
  c.dialled = dial.address + ":" + std::to_string(dial.port);
  Host& host = hosts_[from];
  const uint64_t port = host.nat == Nat::kSymmetric ? 40000 + rng_.below(20000) : uint64_t{kPort};
  c.observed = host.outside + ":" + std::to_string(port);
  host.dialled[dial.address] = queue_.now() + kRouterRemembers;

  MachineId target = 0;
  while (target < hosts_.size() && hosts_[target].outside != dial.address) ++target;
  if (target == hosts_.size()) {
    c.ends[1] = {from, State::kGone};
    queue_.after(rng_.chance(0.5) ? kNoRouteAfter : kDialTimeout, [this, id] { time_out(id); });
    return;
  }
  c.ends[1].machine = target;
  queue_.after(kDialTimeout, [this, id] { time_out(id); });
  queue_.after(dial.connect_within, [this, id] {
    if (const Connection* connecting = find(id); connecting != nullptr && !connecting->connected)
      time_out(id);
  });
  if (dial.port != kPort) {
    c.ends[1].state = State::kGone;
    if (rng_.chance(0.5)) put(id, c, 1, Kind::kRefuse);
    return;
  }
  put(id, c, 0, Kind::kSyn);
}

// A router lets in whom its machine has dialled lately, from where it was dialled.
bool Network::let_in(MachineId from, MachineId to) {
  const Host& host = hosts_[to];
  if (host.nat == Nat::kNone) return true;
  if (host.nat == Nat::kSymmetric || hosts_[from].nat == Nat::kSymmetric) return false;
  const auto dialled = host.dialled.find(hosts_[from].outside);
  return dialled != host.dialled.end() && queue_.now() < dialled->second;
}

// The SYN comes to a machine that is dialling its sender, from and to the same ports: TCP makes one connection of the
// two dials.
void Network::meet_half_way(uint64_t id, Connection& c) {
  for (auto& [other_id, other] : connections_) {
    if (other_id == id || other.ends[0].machine != c.ends[1].machine ||
        other.ends[1].machine != c.ends[0].machine || other.ends[0].state != State::kHandshake ||
        other.ends[1].state != State::kGone)
      continue;
    other.ends[0].state = State::kGone;
    c.crossed = other.dial;
    return;
  }
}

void Network::cancel_dial(MachineId from, DialId dial) {
  for (auto& [id, c] : connections_) {
    if (c.ends[0].machine != from || c.dial != dial || c.ends[0].state != State::kHandshake)
      continue;
    c.ends[0].state = State::kGone;
    put(id, c, 0, Kind::kReset);
    sweep(id);
    return;
  }
}

bool Network::is_up(MachineId machine, LinkId link) {
  return find(machine, link) != nullptr || tunnels_->is_up(machine, link);
}

void Network::send(MachineId from, LinkId link, std::string bytes) {
  if (tunnels_->send(from, link, bytes)) return;
  if (Connection* c = find(from, link))
    put(link.value / 2, *c, link.value % 2, Kind::kFrame, std::move(bytes));
}

void Network::close(MachineId from, LinkId link) {
  if (tunnels_->close(from, link)) return;
  Connection* c = find(from, link);
  if (c == nullptr) return;
  put(link.value / 2, *c, link.value % 2, Kind::kGoodbye);
  end_gone(link.value / 2, *c, link.value % 2, nullptr);
  sweep(link.value / 2);
}

void Network::put(uint64_t id, Connection& c, size_t from, Kind kind, std::string bytes) {
  Pipe& pipe = c.pipes[from];
  if (pipe.dead) return;
  MachineId a = c.ends[from].machine, b = c.ends[1 - from].machine;
  Duration base = latency_[a][b];
  Duration jitter(static_cast<int64_t>(static_cast<double>(base.count()) * kJitter * rng_.unit()));
  pipe.last = std::max(pipe.last, queue_.now() + base + jitter + extra_[a][b]);
  pipe.items.push_back({kind, pipe.last, std::move(bytes)});
  arm(id, from, pipe, pipe.items.front().ready);
}

void Network::arm(uint64_t id, size_t from, Pipe& pipe, Instant when) {
  if (pipe.armed || pipe.stuck) return;
  pipe.armed = true;
  uint64_t which = id * 2 + from;
  queue_.at(when, [this, which] { flow(which / 2, which % 2); });
}

void Network::flow(uint64_t id, size_t from) {
  Connection* c = find(id);
  if (c == nullptr) return;
  Pipe& pipe = c->pipes[from];
  pipe.armed = false;
  MachineId a = c->ends[from].machine, b = c->ends[1 - from].machine;
  while (!pipe.items.empty() && pipe.items.front().ready <= queue_.now()) {
    // The kernel of a machine whose engine is frozen still completes connections.
    bool held = machines_.frozen(b) && pipe.items.front().kind != Kind::kSyn;
    if (held || !passes(a, b)) {
      pipe.stuck = queue_.now();
      return;
    }
    Item item = std::move(pipe.items.front());
    pipe.items.pop_front();
    accept(id, *c, from, std::move(item));
    // Whoever got it may have closed the connection.
    if (find(id) == nullptr) return;
  }
  if (!pipe.items.empty()) arm(id, from, pipe, pipe.items.front().ready);
  sweep(id);
}

bool Network::passes(MachineId from, MachineId to) const {
  return blocked_[from][to] == 0 && machines_.powered(to) && !machines_.asleep(to) &&
         !machines_.asleep(from);
}

void Network::accept(uint64_t id, Connection& c, size_t from, Item item) {
  End& to = c.ends[1 - from];
  if (item.kind == Kind::kSyn) {
    if (!let_in(c.ends[from].machine, to.machine)) {
      // A router drops what it does not expect, or answers it with a reset.
      to.state = State::kGone;
      if (rng_.chance(0.5)) put(id, c, 1, Kind::kRefuse);
    } else if (machines_.listening(to.machine)) {
      meet_half_way(id, c);
      put(id, c, 1, Kind::kSynAck);
    } else {
      to.state = State::kGone;
      put(id, c, 1, Kind::kRefuse);
    }
    return;
  }
  if (to.state == State::kGone) {
    bool dying = item.kind == Kind::kGoodbye || item.kind == Kind::kReset ||
                 item.kind == Kind::kRefuse || item.kind == Kind::kReject;
    if (!dying) put(id, c, 1 - from, Kind::kReset);
    return;
  }
  if (item.kind == Kind::kFrame) {
    if (to.state == State::kUp)
      machines_.deliver(to.machine, core::Received{link_of(id, 1 - from), std::move(item.bytes)});
  } else if (from == 0) {
    accept_at_listener(id, c, item);
  } else {
    accept_at_dialer(id, c, item);
  }
}

void Network::accept_at_listener(uint64_t id, Connection& c, const Item& item) {
  End& listener = c.ends[1];
  switch (item.kind) {
    case Kind::kDialerHello: {
      const auto used = choose(c.ends[0].machine, listener.machine, c.offered);
      c.used = used.value_or(core::Generation{});
      c.outcast = used && !machines_.admits(listener.machine, c.ends[0].machine);
      if (!used) listener_failed(c, DialOutcome::kRejected, "the handshake failed");
      put(id, c, 1, used ? Kind::kListenerProof : Kind::kReject);
      break;
    }
    case Kind::kDialerProof:
      if (!admit(listener.machine, c.ends[0].machine, c.observed)) {
        listener_failed(c, DialOutcome::kRejected, "the handshake failed");
        put(id, c, 1, Kind::kReject);
        break;
      }
      if (!c.early) put(id, c, 1, Kind::kWelcome);
      link_up(id, c, 1);
      break;
    case Kind::kGoodbye: end_gone(id, c, 1, "closed by the peer"); break;
    default: end_gone(id, c, 1, "connection reset by peer");
  }
}

void Network::accept_at_dialer(uint64_t id, Connection& c, const Item& item) {
  End& dialer = c.ends[0];
  switch (item.kind) {
    case Kind::kSynAck:
      c.connected = true;
      c.offered = machines_.credentials(dialer.machine, c.ends[1].machine);
      put(id, c, 0, Kind::kDialerHello);
      break;
    case Kind::kListenerProof: {
      auto peer = machines_.name_of(dialer.machine, c.ends[1].machine);
      if (!peer || peer->host != c.wanted || !admit(dialer.machine, c.ends[1].machine, c.dialled)) {
        put(id, c, 0, Kind::kReset);
        dial_failed(c, DialOutcome::kRejected, "the peer is not whom we dialled");
        break;
      }
      put(id, c, 0, Kind::kDialerProof);
      if (c.outcast) {
        dial_failed(c, DialOutcome::kNotAdmitted, "it knows this host by another key");
      } else if (c.early) {
        link_up(id, c, 0);
      }
      break;
    }
    case Kind::kWelcome: link_up(id, c, 0); break;
    case Kind::kRefuse: dial_failed(c, DialOutcome::kRefused, "connection refused"); break;
    case Kind::kReject: dial_failed(c, DialOutcome::kRejected, "the handshake failed"); break;
    case Kind::kGoodbye:
    default:
      if (dialer.state == State::kHandshake) {
        dial_failed(c, DialOutcome::kUnreachable, "connection reset by peer during the handshake");
      } else {
        end_gone(id, c, 0,
                 item.kind == Kind::kGoodbye ? "closed by the peer" : "connection reset by peer");
      }
  }
}

std::optional<core::Generation> Network::choose(
    MachineId dialer, MachineId listener, const std::vector<core::Generation>& offered) const {
  if (!machines_.name_of(listener, dialer) || !machines_.name_of(dialer, listener) ||
      offered.empty())
    return std::nullopt;
  const std::vector<core::Generation> known = machines_.credentials(listener, dialer);
  const auto among = [](const std::vector<core::Generation>& list, const core::Generation& g) {
    return std::find(list.begin(), list.end(), g) != list.end();
  };
  core::Generation used = offered.front();
  if (!among(known, used)) {
    const auto common = std::find_if(known.begin(), known.end(),
                                     [&](const core::Generation& g) { return among(offered, g); });
    if (common == known.end()) return std::nullopt;
    used = *common;
  }
  if (used == core::Generation{} && !machines_.same_passphrases(dialer, listener))
    return std::nullopt;
  return used;
}

bool Network::reaches_outside(MachineId machine) const {
  for (MachineId other = 0; other < hosts_.size(); ++other)
    if (other != machine && !cut_between(machine, other)) return true;
  return false;
}

bool Network::can_authenticate(MachineId dialer, MachineId listener) const {
  return choose(dialer, listener, machines_.credentials(dialer, listener)) &&
         machines_.admits(listener, dialer) && machines_.admits(dialer, listener);
}

// Whether `at` takes the key of `peer`, who has proved the secret; if not, its core hears of it.
bool Network::admit(MachineId at, MachineId peer, const std::string& address) {
  if (machines_.admits(at, peer)) return true;
  if (const auto name = machines_.name_of(at, peer))
    machines_.deliver(at, core::KeyRefused{name->host, machines_.node(peer), address});
  return false;
}

std::optional<core::PairSecret> Network::derive(MachineId from, LinkId link, uint64_t count) {
  const Connection* c = find(from, link);
  if (c == nullptr) return tunnels_->derive(from, link, count);
  const uint64_t hash =
      Digest().add(c->used.hash).add(link.value / 2).add(c->used.count).add(count).value();
  return core::PairSecret{{count, hash}, "sealed " + std::to_string(hash)};
}

void Network::link_up(uint64_t id, Connection& c, size_t end) {
  End& me = c.ends[end];
  MachineId other = c.ends[1 - end].machine;
  auto peer = machines_.name_of(me.machine, other);
  if (!peer) {
    // The configuration changed while the handshake was under way.
    put(id, c, end, Kind::kReset);
    if (end == 0) {
      dial_failed(c, DialOutcome::kRejected, "the peer is not in the hosts file");
    } else {
      listener_failed(c, DialOutcome::kRejected, "the peer is not in the hosts file");
    }
    return;
  }
  me.state = State::kUp;
  ++topology_;
  machines_.deliver(me.machine, core::LinkUp{link_of(id, end),
                                             machines_.node(other),
                                             peer->host,
                                             peer->name,
                                             end == 0 ? c.dial : c.crossed,
                                             end == 0 ? c.dialled : c.observed,
                                             c.used,
                                             {}});
}

void Network::end_gone(uint64_t id, Connection& c, size_t end, const char* reason) {
  End& me = c.ends[end];
  if (end == 1 && reason != nullptr) listener_failed(c, DialOutcome::kUnreachable, reason);
  bool was_up = me.state == State::kUp;
  me.state = State::kGone;
  if (!was_up) return;
  ++topology_;
  if (reason != nullptr) machines_.deliver(me.machine, core::LinkDown{link_of(id, end), reason});
}

void Network::dial_failed(Connection& c, DialOutcome outcome, const char* reason) {
  if (c.ends[0].state != State::kHandshake) return;
  c.ends[0].state = State::kGone;
  machines_.deliver(c.ends[0].machine, core::DialFailed{c.dial, outcome, reason});
}

// Of two dials that met half way one is the listener's.
void Network::listener_failed(Connection& c, DialOutcome outcome, const char* reason) {
  if (c.ends[1].state != State::kHandshake) return;
  c.ends[1].state = State::kGone;
  if (c.crossed)
    machines_.deliver(c.ends[1].machine,
                      core::DialFailed{std::exchange(c.crossed, DialId{}), outcome, reason});
}

void Network::time_out(uint64_t id) {
  Connection* c = find(id);
  if (c == nullptr || c->ends[0].state != State::kHandshake) {
    // The listener's handshake has the same limit as the dialer's.
    if (c != nullptr) listener_failed(*c, DialOutcome::kUnreachable, "no answer in time");
    sweep(id);
    return;
  }
  put(id, *c, 0, Kind::kReset);
  dial_failed(*c, DialOutcome::kUnreachable, "no answer in time");
  listener_failed(*c, DialOutcome::kUnreachable, "no answer in time");
  sweep(id);
}

void Network::sweep(uint64_t id) {
  Connection* c = find(id);
  if (c != nullptr && c->ends[0].state == State::kGone && c->ends[1].state == State::kGone)
    connections_.erase(id);
}

void Network::lose_tail(Pipe& pipe) {
  size_t keep = rng_.below(pipe.items.size() + 1);
  pipe.items.erase(pipe.items.begin() + static_cast<std::ptrdiff_t>(keep), pipe.items.end());
}

template <class Function>
void Network::each_between(MachineId a, MachineId b, Function function) {
  std::vector<uint64_t> ids;
  for (const auto& [id, c] : connections_) {
    MachineId x = c.ends[0].machine, y = c.ends[1].machine;
    if ((x == a && y == b) || (x == b && y == a)) ids.push_back(id);
  }
  for (uint64_t id : ids) {
    if (Connection* c = find(id)) function(id, *c);
    sweep(id);
  }
}

void Network::power_lost(MachineId machine) {
  tunnels_->engine_died(machine);
  for (MachineId other = 0; other < hosts_.size(); ++other) {
    each_between(machine, other, [&](uint64_t id, Connection& c) {
      size_t end = c.ends[0].machine == machine ? 0 : 1;
      if (c.pipes[end].stuck) c.pipes[end].items.clear();
      end_gone(id, c, end, nullptr);
    });
  }
  ++topology_;
}

void Network::engine_died(MachineId machine) {
  tunnels_->engine_died(machine);
  for (MachineId other = 0; other < hosts_.size(); ++other) {
    each_between(machine, other, [&](uint64_t id, Connection& c) {
      size_t end = c.ends[0].machine == machine ? 0 : 1;
      // A kernel that holds unread data resets, and a reset drops what the peer has not read yet.
      bool abrupt = rng_.chance(0.5);
      if (abrupt) lose_tail(c.pipes[end]);
      put(id, c, end, abrupt ? Kind::kReset : Kind::kGoodbye);
      end_gone(id, c, end, nullptr);
    });
  }
  ++topology_;
}

void Network::came_back(MachineId machine) {
  for (MachineId other = 0; other < hosts_.size(); ++other) {
    kick(other, machine, kLongestRetransmission);
    kick(machine, other, kLongestRetransmission);
  }
  ++topology_;
}

void Network::thawed(MachineId machine) {
  for (MachineId other = 0; other < hosts_.size(); ++other) kick(other, machine, Duration());
  ++topology_;
}

void Network::set_latency(MachineId a, MachineId b, Duration one_way) {
  latency_[a][b] = latency_[b][a] = one_way;
}

void Network::slow_down(MachineId a, MachineId b, Duration extra) {
  extra_[a][b] = extra_[b][a] = extra;
  ++topology_;
}

void Network::cut_one_way(MachineId from, MachineId to) {
  ++blocked_[from][to];
  ++topology_;
}

void Network::heal_one_way(MachineId from, MachineId to) {
  if (blocked_[from][to] == 0) return;
  --blocked_[from][to];
  ++topology_;
  if (blocked_[from][to] == 0) kick(from, to, kLongestRetransmission);
}

void Network::cut(MachineId a, MachineId b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void Network::heal(MachineId a, MachineId b) {
  heal_one_way(a, b);
  heal_one_way(b, a);
}

void Network::heal_all() {
  for (MachineId a = 0; a < hosts_.size(); ++a) {
    for (MachineId b = 0; b < hosts_.size(); ++b) {
      extra_[a][b] = Duration();
      while (blocked_[a][b] > 0) heal_one_way(a, b);
    }
  }
  ++topology_;
}

void Network::kick(MachineId from, MachineId to, Duration longest_wait) {
  for (auto& [id, c] : connections_) {
    for (size_t end : {0, 1}) {
      Pipe& pipe = c.pipes[end];
      if (c.ends[end].machine != from || c.ends[1 - end].machine != to || !pipe.stuck) continue;
      Duration longest = std::min(queue_.now() - *pipe.stuck, longest_wait);
      pipe.stuck.reset();
      arm(id, end, pipe, queue_.now() + rng_.between(Duration(), longest));
    }
  }
}

void Network::reset(MachineId a, MachineId b) {
  each_between(a, b, [&](uint64_t id, Connection& c) {
    for (size_t end : {0, 1}) {
      lose_tail(c.pipes[end]);
      put(id, c, end, Kind::kReset);
    }
  });
}

void Network::half_open(MachineId dead, MachineId unaware) {
  each_between(dead, unaware, [&](uint64_t id, Connection& c) {
    size_t end = c.ends[0].machine == dead ? 0 : 1;
    // What is not established yet is opened by retransmissions.
    if (c.ends[end].state != State::kUp) return;
    for (Pipe& pipe : c.pipes) pipe.dead = true, pipe.items.clear();
    end_gone(id, c, end, "connection reset");
  });
  ++topology_;
}

void Network::black_hole(MachineId a, MachineId b) {
  each_between(a, b, [&](uint64_t, Connection& c) {
    for (Pipe& pipe : c.pipes) pipe.dead = true, pipe.items.clear();
  });
  ++topology_;
}

bool Network::linked(MachineId a, MachineId b) const {
  if (!passes(a, b) || !passes(b, a) || machines_.frozen(a) || machines_.frozen(b)) return false;
  for (const auto& [id, c] : connections_) {
    MachineId x = c.ends[0].machine, y = c.ends[1].machine;
    if (((x == a && y == b) || (x == b && y == a)) && c.ends[0].state == State::kUp &&
        c.ends[1].state == State::kUp && !c.pipes[0].dead && !c.pipes[1].dead)
      return true;
  }
  return false;
}

}  // namespace cluster::sim
