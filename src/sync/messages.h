// Entries as they are sent and stored. What a peer sends is checked here for all that can be told without knowing more:
// whatever passes may be kept and shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sync/entry.h"
#include "sync/resolve.h"
#include "wire/files.pb.h"

namespace cluster::sync {

inline constexpr size_t kMaxPathBytes = 4096;
inline constexpr size_t kMaxNameBytes = 255;             // of one component
inline constexpr size_t kMaxTextBytes = 255;             // owner, group, name of a host
inline constexpr size_t kMaxCounters = 4096;             // of a version
inline constexpr size_t kMaxMerges = 64;                 // edits that are put together
inline constexpr size_t kMaxAttributes = 256;            // of a path,
inline constexpr size_t kMaxAttributesBytes = 64 << 10;  // all together
inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 50;
inline constexpr uint64_t kMaxLineageEpoch = uint64_t{1} << 62;

// Relative, of components that are neither empty nor "." nor "..": of any bytes but NUL.
bool sound_path(std::string_view path);
std::string parent_of(const std::string& path);  // empty: it is directly in the root

void to_wire(const FileState& state, wire::FileContent& out);
Result<FileState> from_wire(const wire::FileContent& in);
void to_wire(const std::string& path, const Entry& entry, wire::FileEntry& out);
Result<Entry> from_wire(const wire::FileEntry& in);
void to_wire(Mode mode, wire::RootHello& out);
std::optional<Mode> mode_of(const wire::RootHello& hello);  // nullopt: one that this version lacks
void to_wire(const Dot& dot, wire::Counter& out);
std::optional<Dot> from_wire(const wire::Counter& in);
void to_wire(const Lineage& lineage, wire::FileLineage& out);
std::optional<Lineage> from_wire(const wire::FileLineage& in);

}  // namespace cluster::sync
