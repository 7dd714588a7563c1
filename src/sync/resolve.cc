#include "sync/resolve.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <tuple>

#include "base/digest.h"

namespace cluster::sync {

namespace {

constexpr size_t kMaxNameBytes = 255;

// The earlier edit is the greater.
struct Earliest {
  Edit edit;
  auto operator<=>(const Earliest& other) const { return other.edit <=> edit; }
  bool operator==(const Earliest&) const = default;
};

bool certain(const Entry& e) { return !e.deleted && !e.unsure; }
bool certain_folder(const Entry& e) { return certain(e) && e.state.type == FileType::kFolder; }

// The order of all versions of a path. A delete stays only against what may be older than it: a file found by a host
// that has lost its memory. Otherwise whoever edited what another deleted wants it.
auto rank(Mode mode, const Entry& e) {
  const bool by_birth = mode == Mode::kOlder && certain(e);
  return std::tuple(certain(e), certain_folder(e), Earliest{by_birth ? e.born : Edit{}},
                    by_birth && e.edited.node == e.born.node, e.edited, !e.deleted, e.state.type,
                    e.state.content, e.state.mode, e.state.owner, e.state.group, e.state.mtime_ns,
                    e.state.attributes);
}

bool worth_keeping(const Entry& other, const Entry& stays) {
  if (other.deleted || other.state.type == FileType::kFolder) return false;
  return stays.deleted || !stays.state.same_content(other.state);
}

}  // namespace

const char* to_string(Mode mode) {
  switch (mode) {
    case Mode::kNewer: return "newer";
    case Mode::kOlder: return "older";
    case Mode::kMerge: return "merge";
    case Mode::kOwner: return "owner";
  }
  return "";
}

// Two that were resolved with different others meanwhile may each know of the other's edit, and hold different things:
// then one order decides, so that in the end all hold the same. What does not stay then has been kept before, or was replaced.
Resolution resolve(Mode mode, const Entry& ours, const Entry& theirs) {
  if (mode == Mode::kOwner && ours.lineage != theirs.lineage) {
    const bool ours_stays = theirs.lineage < ours.lineage;
    const Entry &stays = ours_stays ? ours : theirs, &other = ours_stays ? theirs : ours;
    const bool lost = worth_keeping(other, stays) && !stays.knows_edit_of(other);
    return {ours_stays ? Stays::kOurs : Stays::kTheirs, false, lost};
  }
  // Of one edit that was stamped anew that stamp stays.
  const bool ours_is_greater =
      ours.same_edit(theirs) ? ours.edited < theirs.edited : rank(mode, theirs) < rank(mode, ours);
  switch (ours.vector.relation_to(theirs.vector)) {
    case Relation::kSame:
      if (ours.same_edit(theirs) && ours.edited == theirs.edited) return {Stays::kBoth};
      return {ours_is_greater ? Stays::kOurs : Stays::kTheirs};
    case Relation::kAfter: return {Stays::kOurs};
    case Relation::kBefore: return {Stays::kTheirs};
    case Relation::kConcurrent: break;
  }
  if (ours.same_edit(theirs))
    return {theirs.edited < ours.edited ? Stays::kTheirsOfTwo : Stays::kOursOfTwo};
  const bool ours_knows = ours.knows_edit_of(theirs), theirs_knows = theirs.knows_edit_of(ours);
  const bool ours_stays = ours_knows == theirs_knows ? ours_is_greater : ours_knows;
  const bool unknowing = !ours_knows && !theirs_knows;
  if (ours_stays) return {Stays::kOursOfTwo, unknowing && worth_keeping(theirs, ours)};
  return {Stays::kTheirsOfTwo, unknowing && worth_keeping(ours, theirs)};
}

Entry merged(const Entry& stays, const Entry& other) {
  Entry out = stays;
  out.vector.join(other.vector);
  // Of another kind it would change who is the greater of this one.
  if (certain(stays) == certain(other) && certain_folder(stays) == certain_folder(other))
    out.born = std::min(stays.born, other.born);
  return out;
}

// Counters are of a node and a path: its own file of the copy's name must not be taken for the copy, nor may one copy take
// the place of another that has got the same name.
Entry copy_of(const Entry& other) {
  Entry out = other;
  const uint64_t content = Digest().add(other.state.content).value();
  auto& bytes = out.edited.node.bytes;
  for (uint8_t& byte : bytes) byte ^= 0x5c;
  for (size_t i = 0; i < sizeof content; ++i)
    bytes[bytes.size() / 2 + i] ^= static_cast<uint8_t>(content >> (8 * i));
  out.vector = {};
  out.vector.set(out.edited.node, other.counter);
  out.born = out.edited;
  out.unsure = false;
  out.merges.clear();
  return out;
}

std::string copy_path(const std::string& path, const Entry& other, bool exact) {
  const std::chrono::sys_seconds second{std::chrono::seconds(other.edited.wall_us / 1'000'000)};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(second - day);
  char stamp[64];
  std::snprintf(stamp, sizeof stamp, "%04d%02u%02uT%02d%02d%02d.%06uZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<unsigned>(other.edited.wall_us % 1'000'000));
  std::string host = other.editor.empty() ? other.edited.node.brief() : other.editor;
  std::replace(host.begin(), host.end(), '/', '_');
  std::string end = ".conflict-" + host.substr(0, 64) + "-" + stamp;
  if (exact) {
    char digest[20];
    std::snprintf(digest, sizeof digest, "-%016llx",
                  static_cast<unsigned long long>(Digest().add(other.state.content).value()));
    end += digest;
  }
  const size_t name_at = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  return path.substr(0, name_at) + path.substr(name_at, kMaxNameBytes - end.size()) + end;
}

}  // namespace cluster::sync
