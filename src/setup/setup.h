// The first configuration of a cluster, and a line for one more host: files, made without a daemon.
//
// A host is named as ADDRESS[:PORT], or as "NAME," where it has no address of its own (cluster-hosts(5)).
// Errors are sentences that say which word or file, what is wrong and what was expected.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "config/hosts.h"
#include "config/identity.h"

namespace cluster::setup {

inline constexpr char kUsualFolder[] = CLUSTER_SYSCONFDIR "/cluster";

extern const std::string_view kSampleConf;  // dist/examples/cluster.conf

struct Begun {
  config::Hosts hosts;
  std::optional<HostId> self;              // this host among them
  std::string why_not_self;                // where it cannot be told
  std::vector<std::string> written, kept;  // paths
};

// Writes CONFIG_DIR/{services,cluster.conf,hosts}, in this order; a hosts file that is there is an error, and of the
// others one that is there is kept. Makes the folder. Passphrases are of 125 bits from getrandom(2).
Result<Begun> init(const std::string& config_dir, const std::vector<std::string>& hosts,
                   const config::IdentitySource& local);

struct Invitation {
  HostId id;
  std::string name;
  std::string line;  // for the end of every hosts file
  std::string add;   // a command that adds it here and sends it to the others
  std::string join;  // a command for the new host
};

// Reads CONFIG_DIR/hosts and writes nothing.
Result<Invitation> invite(const std::string& config_dir, const std::string& host,
                          const config::IdentitySource& local);

}  // namespace cluster::setup
