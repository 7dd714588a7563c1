// What files in mode `merge` have held: two edits of one of them are merged by what both were made of, which neither host has in
// its tree any more. FOLDER/DIGEST for each content, whose digest is checked when it is read; nothing here is synced, as a
// base that is lost costs a conflict copy and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace cluster::files {

class Bases {
 public:
  explicit Bases(std::string folder) : folder_(std::move(folder)) {}

  bool has(const std::string& content) const;
  void keep(const std::string& content, std::string_view bytes);  // which have that digest
  std::optional<std::string> get(const std::string& content) const;
  void keep_only(const std::set<std::string>& contents);  // all others are removed

 private:
  std::string path_of(const std::string& content) const;

  const std::string folder_;
};

// All of a small file, as many bytes as it is known to have; nullopt: it has fewer, or cannot be read.
std::optional<std::string> read_all(int fd, uint64_t size);

}  // namespace cluster::files
