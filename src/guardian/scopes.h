// Scopes of systemd for services, on behalf of LocalRunner: whom to ask, by what names, and when not to ask at all.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "scripts/scope_maker.h"
#include "system/unit_request.h"

namespace cluster::guardian {

// After a failure: so long services begin in the daemon's own groups, without waiting for anybody.
inline constexpr Duration kScopesAgain = seconds(60);
inline constexpr char kScopesSlice[] = "cluster.slice";

// NAME.service; "": it is in none.
std::string unit_of_this_process();
// Whether it is systemd that runs this machine.
bool under_systemd();

class SystemdScopes final : public scripts::ScopeMaker {
 public:
  // `bus` as in --bus; none: there are no scopes.
  SystemdScopes(event_base* base, std::string bus);

  bool ready() override;
  void make(const std::string& service, pid_t pid, Done done) override;
  void failed(const std::string& service, const std::string& why) override;

 private:
  event_base* const base_;
  const std::string bus_;
  const std::string own_unit_;
  MonoTime not_before_ = MonoTime::min();
  std::string told_;  // why there are none, as it was said last
  std::map<pid_t, std::unique_ptr<system::UnitRequest>> requests_;
};

}  // namespace cluster::guardian
