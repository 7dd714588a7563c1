// What a peer may say at all. Every message is held to this before the core looks at its meaning, so that
// whatever is kept, passed on or shown to people is of a bounded size, fits into a frame and on one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/cluster.pb.h"

namespace cluster::core {

inline constexpr uint32_t kMaxHostNumber = 65535;  // a line of the hosts file
inline constexpr int kMaxOrders = 4096;
inline constexpr int kMaxAfter = 32;      // services that one comes after
inline constexpr int kMaxPlaces = 65536;  // of all orders together: hosts that they name
inline constexpr int kMaxEdges = 1024;
inline constexpr int kMaxLost = 2048;
inline constexpr int kMaxAddresses = 64;
inline constexpr int kMaxRecordsPerMessage = 1024;
inline constexpr int kMaxSettingsPerMessage = 1024;
inline constexpr size_t kMaxNameBytes = 255;
inline constexpr int kMaxVoters = 1024;
inline constexpr size_t kMaxVotersBytes = 64 * 1024;  // of all their names together
inline constexpr size_t kMaxKeyBytes = 1024;
inline constexpr size_t kMaxVersionBytes = 64;
inline constexpr size_t kMaxAddressBytes = 128;
inline constexpr size_t kMaxReasonBytes = 512;
inline constexpr size_t kMaxAlertKindBytes = 64;
inline constexpr size_t kMaxSettingBytes = 1024;       // key and value together
inline constexpr size_t kMaxWholeSettingBytes = 4096;  // with what a newer version may have added
inline constexpr int kMaxParticipants = 1024;          // of a push
inline constexpr size_t kMaxRecordBytes = 768 * 1024;
// Incarnations and epochs count starts and claims: nobody honest is further ahead than this of what was
// heard last, and a count that may leap no further never comes to its end.
inline constexpr uint64_t kMaxLeap = uint64_t{1} << 32;
inline constexpr uint64_t kMaxStamp = uint64_t{1} << 62;  // either part of one

inline constexpr uint64_t kMaxFailbackUs = 30ULL * 24 * 3600 * 1'000'000;  // as service.conf has it

// [A-Za-z0-9][A-Za-z0-9._-]{0,63}: whatever passes is safe as the name of a folder.
bool is_service_name(std::string_view name);

// nullopt, or what is wrong with it. What a newer version may have added is nothing wrong. The records of a flood are
// looked at one by one, once they are read.
std::optional<std::string> unsound(const wire::Message& message);
std::optional<std::string> unsound(const wire::Record& record);
std::optional<std::string> unsound(const wire::Orders& orders);
// Names of hosts that may vote together: some, sorted, each once, not too many.
bool are_voters(const std::vector<std::string>& names);

// The text as peers take it: one line of UTF-8, cut to so many bytes at the end of a character.
std::string as_line(std::string text, size_t bytes);

}  // namespace cluster::core
