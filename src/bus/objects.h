// The objects of a host and of a service on the bus: paths, properties, and which of them changed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bus/compat.h"
#include "core/view.h"

namespace cluster::bus {

inline constexpr const char* kRootPath = "/com/bammeson/cluster";
inline constexpr const char* kHostInterface = "com.bammeson.cluster.Host1";
inline constexpr const char* kServiceInterface = "com.bammeson.cluster.Service1";

// Every byte that is no ASCII letter or digit becomes _ and two hexadecimal digits ("web-1" is
// …/service/web_2d1): a path element allows no others.
std::string service_path(const std::string& service);
std::string host_path(HostId host);

// As fresh as the message that is being answered.
using ViewSource = std::function<const core::View&()>;

// The getters find their host or service in the view by ID or name; one that is gone has defaults.
Interface host_interface(HostId host, const ViewSource& view);
Interface service_interface(const std::string& service, const ViewSource& view);

// Names of the signalled properties that differ.
std::vector<std::string> changed_properties(const core::HostView& before,
                                            const core::HostView& after);
std::vector<std::string> changed_properties(const core::ServiceView& before,
                                            const core::ServiceView& after);

}  // namespace cluster::bus
