// What came over links that no host of ours says: all of it counted, and told of once a minute a host, so
// that no peer can flood the log.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/context.h"

namespace cluster::core {

class BadInput {
 public:
  static constexpr Duration kPeriod = minutes(1);

  // One more from that host; `who` names it and its address. The caller closes the link.
  void note(Context& context, HostId host, const std::string& who, const std::string& fault);
  // How to tell of links with that host: where more comes than is told, they are no news either.
  LogLevel link_level(MonoTime now, HostId host) const;
  uint64_t count() const { return count_; }

 private:
  struct Source {
    MonoTime again_at;
    uint64_t untold = 0;
  };
  std::map<HostId, Source> sources_;
  uint64_t count_ = 0;
};

}  // namespace cluster::core
