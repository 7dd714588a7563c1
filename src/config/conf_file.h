// cluster.conf and service.conf: text and key table in, checked values out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/fault.h"
#include "config/keys.h"
#include "config/text.h"
#include "core/config.h"

namespace cluster::config {

// The values of one file, each still text. The getters give nullopt where the key is absent or its
// value is refused; the latter is reported with line and range.
class ConfValues {
 public:
  struct Value {
    int line = 1;
    std::vector<std::string> texts;  // exactly one, unless the key is a list
  };

  ConfValues(std::string file, std::span<const Key> keys) : file_(std::move(file)), keys_(keys) {}

  const std::string& file() const { return file_; }
  // Of a section: its name, which may be any text, and where it begins.
  const std::string& title() const { return title_; }
  int line() const { return line_; }
  const std::vector<ConfValues>& sections() const { return sections_; }  // in their order

  const Value* find(std::string_view key) const;
  int line_of(std::string_view key) const;  // 1 where it is absent

  std::optional<Duration> time(std::string_view key, Report& report) const;
  std::optional<uint64_t> number(std::string_view key, Report& report) const;
  std::optional<std::string> path(std::string_view key, Report& report) const;
  std::optional<core::Failback> failback(std::string_view key, Report& report) const;
  std::optional<core::Ownership> ownership(std::string_view key, Report& report) const;
  std::optional<core::Fence> fence(std::string_view key, Report& report) const;

  std::optional<bool> yes(std::string_view key, Report& report) const;
  // "KEY is 'VALUE'; expected …".
  void refuse(const Value& value, std::string_view key, Report& report) const;

  void name(std::string title, int line) {
    title_ = std::move(title);
    line_ = line;
  }
  void add(ConfValues section) { sections_.push_back(std::move(section)); }
  void set(std::string key, Value value) { values_[std::move(key)] = std::move(value); }

 private:
  const Key& known(std::string_view key) const;

  std::string file_;
  std::span<const Key> keys_;
  std::string title_;
  int line_ = 1;
  std::vector<ConfValues> sections_;
  std::map<std::string, Value, std::less<>> values_;
};

enum class ConfKind : uint8_t { kCluster, kService };  // cluster.conf, service.conf

// Every fault of form and every unknown, repeated, misplaced or unsupported key is reported, in
// sections as well; what is left is read by libconfuse.
ConfValues parse_conf(const TextFile& text, ConfKind kind, Report& report);

}  // namespace cluster::config
