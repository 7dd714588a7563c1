// Every key of cluster.conf and service.conf, in one table: what the parser checks, what a reload
// compares and what the manual pages say come from here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"

namespace cluster::config {

enum class KeyType : uint8_t {
  kTime,      // low and high in nanoseconds
  kNumber,    // low and high as they are
  kChoice,    // one of choices, "a|b"
  kFailback,  // immediate, never, or a time within low and high
  kPath,      // absolute
  kText,
  kList,     // one text or {"a", "b"}
  kSection,  // NAME "TITLE" { … }
};

enum class Restart : uint8_t { kNo, kYes };
enum class Built : uint8_t { kYes, kNotYet };
// kHost: a push leaves each host its own.
enum class Scope : uint8_t { kCluster, kHost };

struct Key {
  std::string_view name;
  KeyType type = KeyType::kText;
  std::string_view initial;  // the default, as one would write it; empty: none
  int64_t low = 0;
  int64_t high = 0;
  std::string_view choices;
  Restart restart = Restart::kNo;
  Built built = Built::kYes;
  std::string_view effect;  // a phrase for the manual
  Scope scope = Scope::kCluster;
};

std::span<const Key> cluster_conf_keys();
std::span<const Key> service_conf_keys();
std::span<const Key> sync_section_keys();

const Key* find_key(std::span<const Key> keys, std::string_view name);

// "a time from 10ms to 1h, such as 0.25, "250ms" or "10m"": what a value of this key must be.
std::string expected_value(const Key& key);
// "a, b, c": the names of those that are built.
std::string names_of(std::span<const Key> keys);

// The tables as text, one key a line, fields split by tabs: file (or section), name, type and range, default,
// restart
// ("restart" or "reload"), built ("built" or "later"), effect.
std::string key_table();

}  // namespace cluster::config
