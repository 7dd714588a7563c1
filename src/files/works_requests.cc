// What operators ask of files: which versions there are, and one of them back.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "files/clock.h"
#include "files/path.h"
#include "files/works.h"

namespace cluster::files {

namespace {

constexpr size_t kCopyBytes = 1 << 20;

}  // namespace

std::pair<Works::Disk*, std::string> Works::find(const std::string& path) {
  for (auto& [name, disk] : disks_) {
    const std::string prefix = disk.root.path + "/";
    if (path.compare(0, prefix.size(), prefix) != 0) continue;
    std::string below = path.substr(prefix.size());
    if (valid_relative_path(below) &&
        (disk.root.config.filter.wants(below, false) || disk.root.config.filter.wants(below, true)))
      return {&disk, std::move(below)};
  }
  return {nullptr, ""};
}

Result<std::vector<RetainedVersion>> Works::log_of(const std::string& path) {
  const auto [disk, below] = find(path);
  if (disk == nullptr) return Error{path + " is in no root that is kept alike on this host"};
  return retained_.list(disk->root.config.name, below);
}

Result<std::string> Works::restore(const std::string& path, const std::string& id) {
  const auto [disk, below] = find(path);
  if (disk == nullptr) return Error{path + " is in no root that is kept alike on this host"};
  Tree* tree = disk->looking->tree();
  if (tree == nullptr) return Error{disk->root.path + " cannot be used now"};
  const std::string& name = disk->root.config.name;
  if (const std::string writer = sync_.root(name)->written_by(); !writer.empty())
    return Error{"the service that writes " + name + " runs on " + writer +
                 ", which would take it back: restore it there, or stop the service, restore it on "
                 "the host that is to run it, and start it there"};
  const auto versions = retained_.list(name, below);
  if (!versions) return Error{versions.error()};
  const auto version = std::find_if(versions->begin(), versions->end(),
                                    [&](const RetainedVersion& v) { return v.id == id; });
  if (version == versions->end())
    return Error{"no version " + id + " of " + path +
                 " is kept on this host; `clusterctl files log " + path + "` lists those that are"};
  auto look = tree->look(below);
  if (!look) return Error{look.error()};
  if (look->kind == Look::Kind::kOther) return Error{path + " is " + look->what};
  sync::Found found = look->found;
  if (const sync::Held* held = sync_.root(name)->held(below);
      held != nullptr && !held->deleted && found.state.type == sync::FileType::kFile)
    found.state.content = held->on_disk().content;
  const Expected expected =
      look->kind == Look::Kind::kFound ? Expected(found) : Expected(std::nullopt);
  const AsRetained keep{&retained_, name, "replaced by version " + id, read_clocks().wall};
  Place place(*tree, PlaceRules{.allow_setuid = disk->root.allow_setuid});
  Outcome outcome;
  if (version->state.type == sync::FileType::kLink) {
    outcome = place.make_link(below, version->state, expected, keep);
  } else {
    auto source = retained_.open_version(*version);
    if (!source) return Error{source.error()};
    auto staged = place.stage(below, version->state.content, version->state.size);
    if (auto* failed = std::get_if<Outcome>(&staged)) return Error{failed->reason};
    StagedFile& file = std::get<StagedFile>(staged);
    std::string buffer(kCopyBytes, '\0');
    for (uint64_t at = 0; at < version->state.size;) {
      const ssize_t got =
          pread(source->get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
      if (got <= 0) return Error{"the kept version of " + path + " cannot be read"};
      const std::string_view bytes(buffer.data(), static_cast<size_t>(got));
      if (file.write_at(at, bytes) != StagedFile::Write::kDone) return Error{file.error()};
      at += static_cast<uint64_t>(got);
    }
    outcome = place.commit(file, version->state, expected, keep);
  }
  if (!outcome.done()) return Error{path + " is as it was: " + outcome.reason};
  while (outcome.copying && outcome.copying->step(8 << 20) == Retained::Copying::Step::kMore) {
  }
  disk->looking->look(MonoTime::min(), below);
  return path + " is as it was in version " + id + ", and will be on the other hosts";
}

void Works::request(const Request& request, Answer answer) {
  sync::FileCommand command{RequestId(), sync::FileVerb::kPush, request.target, ""};
  switch (request.verb) {
    case Request::Verb::kRestore: return answer(restore(request.target, request.version));
    case Request::Verb::kConfirm:
      if (const auto done = confirm_pinned(request.target)) return answer(*done);
      command.verb = sync::FileVerb::kConfirm;
      break;
    case Request::Verb::kRevert: command.verb = sync::FileVerb::kRevert; break;
    case Request::Verb::kPushRoot: break;
    case Request::Verb::kPushPath: {
      auto [disk, below] = find(request.target);
      if (disk == nullptr)
        return answer(Error{request.target + " is in no root that is kept alike on this host"});
      command.root = disk->root.config.name;
      command.path = std::move(below);
      break;
    }
  }
  command.request = RequestId(++next_request_);
  answers_[command.request] = std::move(answer);
  decide(std::move(command));
}

}  // namespace cluster::files
