// Messages from end to end, over links and over sessions through others.

#include <algorithm>
#include <utility>

#include "core/node_state.h"

namespace cluster::core {

bool Node::State::route(Context& context, const NodeId& to, wire::Routed message,
                        Priority priority) {
  message.set_from(self.raw());
  message.set_to(to.raw());
  message.set_hops(kMaxHops);
  if (to == self) {
    own_messages.push_back(std::move(message));
    dirty = true;
    return true;
  }
  const std::optional<NodeId> hop = members.next_hop(to);
  const Link* link = hop ? links.to(*hop) : nullptr;
  // A session through others is for the pair alone to read; its own pieces take the open way.
  const Link* own_way = links.session(to);
  if (own_way != nullptr && own_way->relay && !message.has_relayed()) link = own_way;
  if (link == nullptr) return false;
  wire::Message frame;
  *frame.mutable_routed() = std::move(message);
  send(context, *link, frame, priority);
  return true;
}

// For others, at most so many times as they allow.
void Node::State::pass_on(Context& context, const NodeId& to, wire::Routed message) {
  const std::optional<NodeId> hop = members.next_hop(to);
  const Link* link = hop ? links.to(*hop) : nullptr;
  if (link == nullptr || message.hops() <= 1) return;
  message.set_hops(std::min(message.hops(), kMaxHops) - 1);
  const bool bulk = message.has_push_prepare() || message.has_push_told();
  const Priority priority = message.has_relayed() ? Priority::kRelayed
                            : bulk                ? Priority::kBulk
                                                  : Priority::kControl;
  wire::Message frame;
  *frame.mutable_routed() = std::move(message);
  send(context, *link, frame, priority);
}

void Node::State::receive_own_messages(Context& context) {
  for (wire::Routed& message : std::exchange(own_messages, {})) receive_routed(context, message);
}

void Node::State::receive_routed(Context& context, const wire::Routed& message) {
  const NodeId from = node_of(message.from());
  const NodeId to = node_of(message.to());
  if (to != self) return pass_on(context, to, message);
  if (members.find(from) == nullptr) return;  // it could not be answered
  switch (message.body_case()) {
    case wire::Routed::kClaim: receive_claim(context, from, message.claim()); break;
    case wire::Routed::kAnswer: receive_answer(context, from, message.answer()); break;
    case wire::Routed::kRelease: release_grant(context, from, message.release()); break;
    case wire::Routed::kRenewal: receive_renewal(context, from, message.renewal()); break;
    case wire::Routed::kRenewed: receive_renewed(context, from, message.renewed()); break;
    case wire::Routed::kRecall: receive_recall(context, from, message.recall()); break;
    case wire::Routed::kRecalled: receive_recalled(context, from, message.recalled()); break;
    case wire::Routed::kPropose: receive_propose(context, from, message.propose()); break;
    case wire::Routed::kProposed: receive_proposed(context, from, message.proposed()); break;
    case wire::Routed::kVoters: adopt_voters(context, voters_of(message.voters())); break;
    case wire::Routed::kOrdersAsk: {
      wire::Routed reply;
      *reply.mutable_orders() = orders.to_wire();
      if (const auto fault = unsound(reply.orders())) {
        context.log(LogLevel::kError, "the services file is not given to others: " + *fault);
        break;
      }
      route(context, from, std::move(reply));
      break;
    }
    case wire::Routed::kOrders:
      if (!orders.adopt(message.orders())) break;
      persist(context, {orders.to_write()});
      context.log(LogLevel::kInfo, "a newer services file is in force, from " + name_of(from));
      configure_services(context);
      dirty = true;
      break;
    case wire::Routed::kSettingRefused:
      setting_refused(context, from, message.setting_refused());
      break;
    case wire::Routed::kRelayed: receive_relayed(context, from, message.relayed()); break;
    case wire::Routed::kOpening: receive_opening(context, from); break;
    case wire::Routed::kRaisedAlert: hear_alert(context, from, message.raised_alert()); break;
    case wire::Routed::kDoneAlert: alerts.done(message.done_alert().key()); break;
    case wire::Routed::kPushPrepare:
      receive_push_prepare(context, from, message.push_prepare());
      break;
    case wire::Routed::kPushVote: receive_push_vote(context, from, message.push_vote()); break;
    case wire::Routed::kPushAsk: receive_push_ask(context, from, message.push_ask()); break;
    case wire::Routed::kPushTold: receive_push_told(context, from, message.push_told()); break;
    default: break;
  }
}

}  // namespace cluster::core
