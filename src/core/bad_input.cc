#include "core/bad_input.h"

#include <utility>

namespace cluster::core {

void BadInput::note(Context& context, HostId host, const std::string& who,
                    const std::string& fault) {
  ++count_;
  const MonoTime now = context.now.mono;
  const auto [at, first] = sources_.try_emplace(host);
  Source& source = at->second;
  if (!first && now < source.again_at) {
    ++source.untold;
    return;
  }
  source.again_at = now + kPeriod;
  const uint64_t untold = std::exchange(source.untold, 0);
  const std::string more =
      untold == 0 ? ""
                  : " (and " + std::to_string(untold) + " more from it since this was last said)";
  context.log(LogLevel::kWarning,
              "malformed message from " + who + ": " + fault + "; its link is closed" + more);
}

LogLevel BadInput::link_level(MonoTime now, HostId host) const {
  const auto at = sources_.find(host);
  const bool flooding = at != sources_.end() && at->second.untold > 0 && now < at->second.again_at;
  return flooding ? LogLevel::kDebug : LogLevel::kInfo;
}

}  // namespace cluster::core
