// The daemon's part in keeping files alike: what the keeper says goes to the core and the bus, and the reverse.
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <utility>

#include "base/digest.h"
#include "bus/status.h"
#include "daemon/daemon.h"
#include "daemon/logging.h"

namespace cluster::daemon {

namespace {

Result<std::string> log_json(const Result<std::vector<files::RetainedVersion>>& versions) {
  if (!versions) return Error{versions.error()};
  std::vector<bus::FileVersion> out;
  for (const files::RetainedVersion& version : *versions) {
    const sync::FileType type = version.state.type;
    out.push_back({.version = version.id,
                   .kept = version.kept,
                   .edited = WallTime(Duration(version.state.mtime_ns)),
                   .type = type == sync::FileType::kFile     ? "file"
                           : type == sync::FileType::kFolder ? "folder"
                                                             : "link",
                   .size = version.state.size,
                   .label = version.label});
  }
  return bus::file_log_json(out);
}

}  // namespace

Status Daemon::open_files() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
    return Error{std::string("getrandom: ") + strerror(errno)};
  const HostId self = config_.core.self;
  files::KeeperCalls calls;
  calls.say = [this](core::FilesSaid said) { loop_.post(core::Event(std::move(said))); };
  calls.give = [this](NodeId to, std::string frame) {
    loop_.post(Loop::Task([this, to, frame = std::move(frame)]() mutable {
      if (const auto link = file_links_.of(to)) transport_->send_bulk(*link, std::move(frame));
    }));
  };
  transport_->on_bulk([this](LinkId link, std::string frame) {
    if (const auto from = file_links_.node_at(link)) keeper_->perform({*from, std::move(frame)});
  });
  calls.changed = [this](const std::string& path) {
    loop_.post(Loop::Task([this, path] { bus_->emit_file_changed(path); }));
  };
  calls.conflict = [this](const std::string& path, const std::string& copy) {
    loop_.post(Loop::Task([this, path, copy] {
      const std::string text =
          copy.empty() ? path + " was edited on one host and deleted on another: it stays"
                       : path + " was changed on two hosts: what did not stay is " + copy;
      bus_->emit_file_conflict(path, copy);
      // Both names are alike on all hosts, wherever the folder is.
      const std::string& known = copy.empty() ? path : copy;
      notice({.kind = core::AlertKind::kConflict,
              .subject = path.substr(path.rfind('/') + 1),
              .text = text,
              .instance = Digest().add(known.substr(known.rfind('/') + 1)).value()});
    }));
  };
  calls.alert = [this](const std::string& text) {
    notice({.kind = core::AlertKind::kFiles, .text = text});
  };
  calls.log = [this](const std::string& text) {
    loop_.post(Loop::Task([text] { daemon::log(core::LogLevel::kInfo, text); }));
  };
  auto keeper = files::Keeper::start(options_.state_dir,
                                     {identity_->node(), self, config_.core.host(self)->name}, seed,
                                     std::move(calls));
  if (!keeper) return Error{keeper.error()};
  keeper_ = std::move(*keeper);
  keeper_->configure({config_.roots, config_.retain, config_.tombstone_keep});
  return {};
}

std::vector<sync::RootView> Daemon::file_roots() { return keeper_->view(); }
std::vector<sync::ClockOfPeer> Daemon::clocks() { return keeper_->clocks(); }

void Daemon::files(bus::FileRequest request, bus::FileDone done) {
  if (request.verb == bus::FileRequest::Verb::kLog) {
    keeper_->log(request.target, [this, done = std::move(done)](auto versions) {
      loop_.post(Loop::Task([done, answer = log_json(versions)] { done(answer); }));
    });
    return;
  }
  files::Request asked;
  using Verb = bus::FileRequest::Verb;
  switch (request.verb) {
    case Verb::kLog:
    case Verb::kRestore: asked.verb = files::Request::Verb::kRestore; break;
    case Verb::kConfirm: asked.verb = files::Request::Verb::kConfirm; break;
    case Verb::kRevert: asked.verb = files::Request::Verb::kRevert; break;
    case Verb::kPushPath: asked.verb = files::Request::Verb::kPushPath; break;
    case Verb::kPushRoot: asked.verb = files::Request::Verb::kPushRoot; break;
  }
  asked.target = std::move(request.target);
  asked.version = std::move(request.version);
  keeper_->request(std::move(asked), [this, done = std::move(done)](Result<std::string> answer) {
    loop_.post(Loop::Task([done, answer = std::move(answer)] { done(answer); }));
  });
}

}  // namespace cluster::daemon
