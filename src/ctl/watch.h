// `clusterctl watch`: the status, then what happens, as it happens, until it is interrupted.
#pragma once

#include "ctl/client.h"
#include "ctl/text.h"

namespace cluster::ctl {

// Returns only where it cannot begin: no daemon answers. Later it waits for a daemon or a bus that went
// away to come back.
Exit watch(Client& client, bool json, const Style& style);

}  // namespace cluster::ctl
