// Users and groups by name: hosts agree on names, file systems keep numbers.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>

namespace cluster::files {

// Asks the system once a name or number, until forget(). A question may take long where a directory service answers it.
class Names {
 public:
  // The number as text where it has no name.
  std::string user(uid_t uid);
  std::string group(gid_t gid);
  // A name of this host, else the number that the text is; nullopt of a name that is not known here.
  std::optional<uid_t> uid(const std::string& name);
  std::optional<gid_t> gid(const std::string& name);

  // Before each full scan, so that a user added meanwhile is seen.
  void forget();

 private:
  std::map<uid_t, std::string> users_;
  std::map<gid_t, std::string> groups_;
  std::map<std::string, std::optional<uid_t>> uids_;
  std::map<std::string, std::optional<gid_t>> gids_;
};

}  // namespace cluster::files
