// The launcher: a process that does nothing but start scripts for a guardian, and tell how they end.
//
// A unit's limits (systemd.exec(5)) pass from the daemon's processes to all that they start. What systemd itself has started
// outside of that unit has none of them, nor has what it starts: so services are as free as any other of the machine,
// while the daemon is not. A launcher knows nothing of services and decides nothing. Without its guardian it ends;
// what it has started goes on.
#pragma once

#include "posix/fd.h"

namespace cluster::scripts {

// The sockets of guardian and launcher; both are closed when a program is executed. False: errno says why.
bool launcher_sockets(Fd* guardian, Fd* launcher);

// Whether it could be one.
bool is_launcher_socket(int fd);

// Until the other end is closed, or says what makes no sense. The program's exit code.
int run_launcher(int socket);

}  // namespace cluster::scripts
