"""Cluster on the bed that measures other systems of its kind: what `driver.Driver` there asks of a peer."""
import json
import os
import re
import subprocess
import time

import bed as B

PROGRAMS = ""  # where clusterd and clusterctl are
SERVICE = "svc"
MAJORITY = "ownership = majority\nfence_margin = %g\nfailback = immediate\n"
# In fast and fastest three beats that are missed are a loss, as three advertisements each 0.1 and 0.02 s are to keepalived; by majority
# it takes as long as with pacemaker in its fast mode until the service may start.
MODES = {
    "default": dict(beat=1, dead=5, conf="", hold=12, settle=1.0),
    "fast": dict(beat=0.1, dead=0.3, conf="", hold=6, settle=1.0),
    "fastest": dict(beat=0.02, dead=0.06, conf="", hold=6, settle=1.0),
    "majority": dict(beat=0.1, dead=0.45, conf=MAJORITY % 0.2, hold=6, settle=1.0),
}
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy>
</busconfig>
"""


class Peer:
    name = "cluster"

    def __init__(self, mode, **over):
        self.m = dict(MODES[mode], **over)
        self.bed = B.Bed("cl" + self.m.get("tag", ""))

    def version(self):
        return B.sh(os.path.join(PROGRAMS, "clusterd"), "--version").splitlines()[0]

    def up(self):
        b = self.bed
        b.up()
        for i, n in b.nodes.items():
            n.boot(tmpfs=[["/run", None, None, 0o755, []]])
            self.configure(n)
        for i in b.nodes:
            self.start(i)

    def configure(self, n):
        etc = os.path.join(n.dir, "etc")
        folder = os.path.join(etc, "services.d", SERVICE)
        os.makedirs(folder)

        def write(path, text, mode=0o644):
            with open(path, "w") as f:
                f.write(text)
            os.chmod(path, mode)
        write(os.path.join(etc, "cluster.conf"), "beat_interval = %g\ndead_time = %g\n" % (self.m["beat"], self.m["dead"]))
        write(os.path.join(etc, "hosts"), "".join(
            "%s bench-%d-passphrase-of-some-length\n" % (x.ip, x.i) for x in self.bed.nodes.values()), 0o600)
        write(os.path.join(etc, "services"), "%s 1 2 3\n" % SERVICE)
        # The others have no damping of failback, so none is measured here.
        write(os.path.join(folder, "service.conf"), self.m["conf"] + "failure_window = 0.01\n")
        for script in ("start", "stop"):
            write(os.path.join(folder, script), '#!/bin/bash\nexec %s %s %s %s\n' % (
                os.path.join(B.HERE, "svc.sh"), script, n.name, self.bed.events), 0o755)
        write(os.path.join(n.dir, "bus.conf"), BUS % self.bus(n))

    @staticmethod
    def bus(n):
        return os.path.join(n.dir, "bus")

    def start(self, i):
        n = self.bed.nodes[i]
        if os.path.exists(self.bus(n)):
            os.unlink(self.bus(n))
        n.spawn(["dbus-daemon", "--config-file", os.path.join(n.dir, "bus.conf"), "--nofork", "--nopidfile", "--nosyslog"])
        while not os.path.exists(self.bus(n)):
            time.sleep(0.002)
        return n.spawn([os.path.join(PROGRAMS, "clusterd"), "--config-dir", os.path.join(n.dir, "etc"), "--state-dir",
                        os.path.join(n.dir, "state"), "--bus", "unix:path=" + self.bus(n), "--foreground"], "clusterd.log")["t"]

    def ctl(self, i, *argv):
        n = self.bed.nodes[i]
        return n.run(os.path.join(PROGRAMS, "clusterctl"), "--bus", "unix:path=" + self.bus(n), *argv, timeout=30)

    def complete(self):
        p = self.ctl(2, "--json", "status")
        try:
            return all(h["state"] == "up" for h in json.loads(p.stdout)["hosts"])
        except (ValueError, KeyError):
            return False

    # planned move: the administrator moves the service, later lifts the move
    def move_away(self, i):
        t = time.time_ns()
        self.ctl(3, "move", SERVICE, "2")
        return t

    def move_back(self, i):
        t = time.time_ns()
        self.ctl(3, "clear", SERVICE)
        return t

    def down(self):
        groups = []
        for n in self.bed.nodes.values():
            try:
                with open(os.path.join(n.dir, "state", "cgroup")) as f:
                    groups.append(f.read().strip())
            except OSError:
                pass
        self.bed.down()
        for top in groups:
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
