"""Cluster on the bed that measures file synchronisers: what `timed` and `behave` there ask of a peer."""
import os
import time

import peers

PROGRAMS = ""  # where clusterd is
PASSPHRASES = "%s bench-a-passphrase-of-some-length\n%s bench-b-passphrase-of-some-length\n"


class Cluster(peers.Peer):
    """Two daemons that watch by themselves: TLS, hashing and fsync included."""
    continuous = True
    both_ways = True
    edit_gap = 0.2

    def configure(self, host):
        etc = os.path.join(host.dir, "etc")
        os.makedirs(etc, exist_ok=True)
        self.write(host, "etc/hosts", PASSPHRASES % (self.a.ip, self.b.ip))
        self.write(host, "etc/services", "")
        self.write(host, "etc/cluster.conf", 'sync data { path = "%s" }\n' % host.data)
        return etc

    def launch(self, host, number):
        etc = self.configure(host)
        host.popen([os.path.join(PROGRAMS, "clusterd"), "--foreground", "--config-dir", etc, "--state-dir",
                    os.path.join(host.dir, "state"), "--bus", "none", "--id", str(number)], log="clusterd")

    def start(self):
        self.launch(self.a, 1)
        self.launch(self.b, 2)
        for host in (self.a, self.b):
            host.wait_port(35790)
        log = os.path.join(self.a.dir, "clusterd.log")
        deadline = time.time() + 30
        while time.time() < deadline:
            if os.path.exists(log) and "linked with" in open(log, errors="replace").read():
                break
            time.sleep(0.05)
        time.sleep(1)

    def start_a(self):
        self.launch(self.a, 1)

    def start_b(self):
        self.launch(self.b, 2)

    def settle(self, timeout=0):
        time.sleep(1)
