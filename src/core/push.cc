#include "core/push.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "core/members.h"

namespace cluster::core {

namespace {

constexpr char kKey[] = "push";

std::string to_bytes(const PushFiles& files) {
  wire::PushFiles out;
  set_files(&out, files);
  return out.SerializeAsString();
}

std::optional<PushFiles> load_files(const Stored& stored, const char* key) {
  const auto it = stored.find(key);
  wire::PushFiles files;
  if (it == stored.end() || !files.ParseFromString(it->second)) return std::nullopt;
  return files_of(files);
}

}  // namespace

PushId push_id(const wire::Version& version) { return {version.count(), version.hash()}; }

void set_push_id(wire::Version* out, PushId id) {
  out->set_count(id.count);
  out->set_hash(id.hash);
}

std::string numbered(PushId id) { return "configuration " + std::to_string(id.count); }

PushFiles files_of(const wire::PushFiles& files) {
  return {files.cluster_conf(), files.hosts(), files.services()};
}

void set_files(wire::PushFiles* out, const PushFiles& files) {
  out->set_cluster_conf(files.cluster_conf);
  out->set_hosts(files.hosts);
  out->set_services(files.services);
}

PushId name_push(uint64_t count, const NodeId& pusher, const PushFiles& files) {
  return {count, Digest()
                     .add(count)
                     .add(pusher.raw())
                     .add(files.cluster_conf)
                     .add(files.hosts)
                     .add(files.services)
                     .value()};
}

std::string without_passphrases(const std::string& bytes) {
  wire::Message message;
  if (!message.ParseFromString(bytes) || !message.has_routed()) return bytes;
  wire::Routed& routed = *message.mutable_routed();
  if (routed.has_push_prepare()) {
    routed.mutable_push_prepare()->mutable_files()->clear_hosts();
  } else if (routed.has_push_told()) {
    routed.mutable_push_told()->mutable_files()->clear_hosts();
  } else {
    return bytes;
  }
  return message.SerializeAsString();
}

std::string stored_without_passphrases(const std::string& key, const std::string& value) {
  wire::PushFiles files;
  if ((key != kPushPreparedKey && key != kPushCommittedKey) || !files.ParseFromString(value))
    return value;
  files.clear_hosts();
  return files.SerializeAsString();
}

void Pushed::load(const Stored& stored) {
  const auto it = stored.find(kKey);
  wire::StoredPush kept;
  if (it == stored.end() || !kept.ParseFromString(it->second)) return;
  seen_ = push_id(kept.seen());
  voted_ = push_id(kept.voted());
  aborted_ = push_id(kept.aborted());
  if (auto files = load_files(stored, kPushCommittedKey); files && kept.has_committed()) {
    committed_ = push_id(kept.committed());
    pusher_ = node_of(kept.pusher());
    files_ = std::move(*files);
    applied_ = kept.applied();
    refused_ = kept.refused();
  }
  if (auto files = load_files(stored, kPushPreparedKey); files && kept.has_prepared()) {
    prepared_.emplace();
    prepared_->id = push_id(kept.prepared().id());
    prepared_->pusher = node_of(kept.prepared().pusher());
    for (const std::string& node : kept.prepared().participants())
      prepared_->participants.push_back(node_of(node));
    prepared_->files = std::move(*files);
  }
}

void Pushed::prepare(Prepared prepared) {
  seen_ = std::max(seen_, prepared.id);
  voted_ = std::max(voted_, prepared.id);
  prepared_ = std::move(prepared);
}

void Pushed::renounce(PushId id) { seen_ = std::max(seen_, id); }

void Pushed::abort(PushId id) {
  seen_ = std::max(seen_, id);
  aborted_ = id;
  if (prepared_ && prepared_->id == id) prepared_.reset();
}

void Pushed::commit(PushId id, const NodeId& pusher, PushFiles files) {
  seen_ = std::max(seen_, id);
  committed_ = id;
  pusher_ = pusher;
  files_ = std::move(files);
  applied_ = false;
  refused_.clear();
  if (prepared_ && prepared_->id <= id) prepared_.reset();
}

void Pushed::note_applied() {
  applied_ = true;
  refused_.clear();
}

void Pushed::note_refused(std::string why) {
  applied_ = false;
  refused_ = std::move(why);
}

std::vector<Write> Pushed::to_writes(const Pushed* before) const {
  wire::StoredPush kept;
  set_push_id(kept.mutable_seen(), seen_);
  set_push_id(kept.mutable_voted(), voted_);
  set_push_id(kept.mutable_aborted(), aborted_);
  if (committed_) {
    set_push_id(kept.mutable_committed(), committed_);
    kept.set_pusher(pusher_.raw());
    kept.set_applied(applied_);
    kept.set_refused(refused_);
  }
  if (prepared_) {
    set_push_id(kept.mutable_prepared()->mutable_id(), prepared_->id);
    kept.mutable_prepared()->set_pusher(prepared_->pusher.raw());
    for (const NodeId& node : prepared_->participants)
      kept.mutable_prepared()->add_participants(node.raw());
  }
  std::vector<Write> writes = {{kKey, kept.SerializeAsString()}};
  const auto prepared_id = [](const Pushed& of) {
    return of.prepared_ ? of.prepared_->id : PushId();
  };
  if (before == nullptr || committed_ != before->committed_)
    writes.push_back(
        {kPushCommittedKey, committed_ ? std::optional(to_bytes(files_)) : std::nullopt});
  if (before == nullptr || prepared_id(*this) != prepared_id(*before))
    writes.push_back(
        {kPushPreparedKey, prepared_ ? std::optional(to_bytes(prepared_->files)) : std::nullopt});
  return writes;
}

wire::PushStanding Pushed::standing() const {
  wire::PushStanding out;
  set_push_id(out.mutable_seen(), seen_);
  if (aborted_) set_push_id(out.mutable_aborted(), aborted_);
  if (!committed_) return out;
  set_push_id(out.mutable_committed(), committed_);
  out.set_applied(applied_);
  out.set_refused(refused_);
  return out;
}

}  // namespace cluster::core
