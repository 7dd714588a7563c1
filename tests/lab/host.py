"""One host: its namespaces, its bus, its daemon and its configuration."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import minibus
from basics import HERE, PYTHON, expect, passphrase, until

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
%s  </policy>
%s</busconfig>
"""
ALLOW_ALL = """    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
"""
# As Debian's system.conf: owning names and calling methods needs a policy of the service.
AS_SYSTEM = """    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
"""

SCRIPT = """#!/bin/bash
say() {
  local now=$EPOCHREALTIME
  printf '%%s %(host)d %(name)s %(script)s %%s %%s %%s %%s %%s\\n' "${now/,/.}" "$1" \\
    "${CLUSTER_REASON:--}" "${CLUSTER_EPOCH:--}" "${CLUSTER_FROM:--}" "${CLUSTER_TO:--}" >> '%(events)s'
}
fail() { say fail; exit 1; }
marker='%(run)s/%(name)s'
say begin
%(snippet)s
%(act)s
say end
"""
ACTS = {"start": ': > "$marker"', "stop": 'rm -f "$marker"'}
STATUS = "#!/bin/bash\nmarker='%(run)s/%(name)s'\n%(snippet)s\n[ -e \"$marker\" ] && exit 0\nexit 3\n"


class Host:
    def __init__(self, lab, i, spec):
        self.lab, self.i = lab, i
        kind, _, name = spec.partition(":")
        self.dynamic = kind == "dyn"
        name, _, self.home = name.partition("@")
        self.segment = lab.segment(self.home)
        self.ip = self.segment.net + str(i)
        self.name = name or self.ip
        self.named = not self.dynamic and self.name != self.ip
        self.pass_phrase = passphrase(i)
        self.dir = os.path.join(lab.dir, "h%d" % i)
        self.etc, self.state = os.path.join(self.dir, "etc"), os.path.join(self.dir, "state")
        self.run_dir, self.log = os.path.join(self.dir, "run"), os.path.join(self.dir, "clusterd.log")
        self.bus_path = os.path.join(self.dir, "bus")
        self.conf = ""            # lines added to this host's cluster.conf
        self.agent = self.pid = self.bus_pid = self.conn = None
        self.unit_dir = None
        self.ended = {}           # pids whose end the test brought about
        for d in (self.dir, self.etc, self.run_dir):
            os.makedirs(d, exist_ok=True)

    # ---- machine
    def boot(self):
        self.agent = self.lab.agent(self.name.split(".")[0] if not self.name[0].isdigit() else "host%d" % self.i,
                                    ["-n", "-m", "-i", "-u", "-p"])
        self.agent.ip("link", "set", "lo", "up")
        self.segment.agent.ip("link", "add", self.port, "type", "veth", "peer", "name", "eth0",
                              "netns", str(self.agent.init))
        self.plug_in()
        if self.lab.etc_hosts:
            self.run("mount", "--bind", self.lab.etc_hosts, "/etc/hosts")

    @property
    def port(self):
        return "p%d" % self.i

    def plug_in(self):
        self.segment.agent.ip("link", "set", self.port, "master", self.segment.bridge, "up")
        self.agent.ip("addr", "add", self.ip + "/24", "dev", "eth0")
        self.agent.ip("link", "set", "eth0", "up")
        if self.segment.gateway:
            self.agent.ip("route", "add", "default", "via", self.segment.gateway)

    def roam(self, home="", ip=None):
        """To the LAN of that router, or with none to the public switch: carrier and address go, others come."""
        t = time.time_ns()
        left, self.segment = self.segment, self.lab.segment(home)
        left.agent.ip("link", "set", self.port, "netns", str(self.segment.agent.init))
        self.agent.ip("addr", "flush", "dev", "eth0")
        self.ip = ip or self.segment.net + str(self.i)
        self.plug_in()
        return t

    def run(self, *argv, timeout=30, env=None, stdin=""):
        """A command inside this host; `stdin` is what it reads."""
        argv = ["nsenter", "-t", str(self.agent.init), "-m", "-i", "-u", "-n", "-p"] + list(argv)
        p = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, timeout=timeout, env=dict(os.environ, **(env or {})))
        p.out = p.stdout + p.stderr
        return p

    def spawn(self, argv, log="other.log", env=None):
        return self.agent.rpc("spawn", argv=list(argv), log=os.path.join(self.dir, log), env=env or {})

    def unplug(self):
        """Silent loss: the switch stops passing this host's frames; its carrier stays up."""
        return self.segment.agent.rpc("unplug", port=self.port, bridge=self.segment.bridge)["t"]

    def plug(self):
        return self.segment.agent.rpc("plug", port=self.port, bridge=self.segment.bridge)["t"]

    def deafen(self, other, deaf=True):
        """Frames from here to the other host are lost, in this direction only."""
        if deaf:
            self.agent.ip("neigh", "replace", other.ip, "lladdr", "02:de:ad:00:00:01", "dev", "eth0",
                          "nud", "permanent")
        else:
            self.agent.ip("neigh", "del", other.ip, "dev", "eth0")

    def crash(self):
        """SIGKILL every process of the host at once; what its services held in memory is gone."""
        self.disconnect()
        t = self.agent.rpc("killall", empty=[self.run_dir])["t"]
        self.lab.note(t, self.i, "crash")
        self.pid = self.bus_pid = None
        return t

    # ---- bus
    def bus_up(self, system=False, include=""):
        conf = os.path.join(self.dir, "bus.conf")
        with open(conf, "w") as f:
            f.write(BUS_CONFIG % (self.bus_path, AS_SYSTEM if system else ALLOW_ALL,
                                  "".join("  <include>%s</include>\n" % i for i in include.split())))
        if os.path.exists(self.bus_path):
            os.unlink(self.bus_path)
        self.bus_pid = self.spawn(["dbus-daemon", "--config-file", conf, "--nofork", "--nopidfile",
                                   "--nosyslog"], "bus.log")["pid"]
        until(lambda: os.path.exists(self.bus_path), "dbus-daemon listens")

    def bus_down(self):
        self.disconnect()
        self.agent.rpc("kill", pid=self.bus_pid, signal=signal.SIGKILL)
        until(lambda: self.exit_of(self.bus_pid) is not None, "dbus-daemon ends")
        self.bus_pid = None

    @property
    def bus_address(self):
        return "unix:path=" + self.bus_path

    def connect(self):
        if not self.conn:
            self.conn = minibus.Connection(self.bus_path)
        return self.conn

    def disconnect(self):
        if self.conn:
            self.conn.close()
            self.conn = None

    def mount_state(self, *options):
        """A small file system of its own for the state folder."""
        os.makedirs(self.state, 0o700, exist_ok=True)
        p = self.run("mount", "-t", "tmpfs", "-o", ",".join(("mode=0700",) + options), "tmpfs", self.state)
        expect(p.returncode == 0, "host %d: a state folder of its own" % self.i, p.out)

    # ---- daemon
    def argv(self, *more, bus=None, state=None, identify=True):
        return [self.lab.program("clusterd"), "--config-dir", self.etc, "--state-dir", state or self.state,
                "--bus", bus or self.bus_address] + (["--id", str(self.i)] if identify else []) + list(more)

    def up(self, *more, bus=None, env=None, identify=True):
        """Starts clusterd; gives the time of its start (ns)."""
        if not bus and not self.bus_pid:
            self.bus_up()
        r = self.spawn(self.argv("--foreground", *more, bus=bus, identify=identify), "clusterd.log", env=env)
        self.pid = r["pid"]
        return r["t"]

    def up_by_unit(self, watchdog=30, pause=0.2):
        """As systemd starts it: unit.py in its place."""
        if not self.bus_pid:
            self.bus_up()
        self.unit_dir = os.path.join(self.dir, "unit")
        os.makedirs(self.unit_dir, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.unit_dir, "main"))
        self.spawn([PYTHON, os.path.join(HERE, "unit.py"), self.unit_dir, str(watchdog), str(pause)] +
                   self.argv("--foreground"), "clusterd.log")
        return until(self.main_pid, "host %d: the unit has a main process" % self.i)

    def main_pid(self):
        """Of the daemon that the unit runs now, which `pid` names from here on; None before the first."""
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.unit_dir, "main")) as f:
                self.pid = int(f.read())
            return self.pid
        return None

    def unit_said(self):
        with open(os.path.join(self.unit_dir, "log")) as f:
            return f.read()

    # `pid` is the guardian's, which is what whoever starts a daemon knows of it.
    def engine(self):
        """Its child that is a clusterd, or None."""
        with open("%s/task/%d/children" % (self.outer(), self.pid)) as f:
            children = [int(x) for x in f.read().split()]
        for pid in children:
            try:
                if os.path.basename(os.readlink(self.outer(pid) + "/exe")).startswith("clusterd"):
                    return pid
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has just ended
        return None

    def daemons(self):
        """Guardian and engine."""
        return [pid for pid in (self.pid, self.engine()) if pid]

    def signal(self, sig):
        if sig in (signal.SIGKILL, signal.SIGTERM):
            self.ended[self.pid] = sig
        return self.agent.rpc("kill", pid=self.pid, signal=int(sig))["t"]

    def signal_engine(self, sig):
        return self.agent.rpc("kill", pid=self.engine(), signal=int(sig))["t"]

    def freeze(self):
        """The whole daemon, as a machine without a moment for it would."""
        return [self.agent.rpc("kill", pid=pid, signal=int(signal.SIGSTOP))["t"] for pid in self.daemons()][0]

    def thaw(self):
        return [self.agent.rpc("kill", pid=pid, signal=int(signal.SIGCONT))["t"] for pid in self.daemons()][0]

    def kill(self):
        """kill -9 of the daemon alone: services stay as they are."""
        t = self.signal(signal.SIGKILL)
        self.wait_exit()
        return t

    def exit_of(self, pid):
        return self.agent.rpc("exits")["exits"].get(str(pid))

    def wait_exit(self, timeout=None):
        pid = self.pid
        until(lambda: self.exit_of(pid) is not None, "host %d: clusterd ends" % self.i, timeout, 0.01)
        self.ended[pid] = True
        self.pid = None
        return self.exit_of(pid)

    def outer(self, pid=None):
        """/proc of one of this host's processes, as seen from here."""
        return "/proc/%d/root/proc/%d" % (self.agent.init, pid or self.pid)

    def tasks(self):
        """/proc of every thread of the daemon."""
        for pid in self.daemons():
            folder = self.outer(pid) + "/task/"
            yield from (folder + task for task in os.listdir(folder))

    # ---- what it says
    def log_text(self, since=0):
        try:
            with open(self.log, errors="replace") as f:
                f.seek(since)
                return f.read()
        except FileNotFoundError:
            return ""

    def log_size(self):
        return os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def status(self):
        """The status document, or None while nobody answers."""
        try:
            return json.loads(self.connect().manager("GetStatus", timeout=5)[0])
        except (minibus.Gone, minibus.BusError):
            self.disconnect()
            return None

    def host_view(self, i, status=None):
        s = status or self.status()
        return next((h for h in s["hosts"] if h["id"] == i), None) if s else None

    def service_view(self, name, status=None):
        s = status or self.status()
        return next((v for v in s["services"] if v["name"] == name), None) if s else None

    def ctl(self, *argv, timeout=60, json_out=False, ok=True):
        """clusterctl within this host; with ok, anything but exit 0 fails the test."""
        p = self.run(self.lab.program("clusterctl"), "--bus", self.bus_address,
                     *(["--json"] if json_out else []), *argv, timeout=timeout)
        if ok:
            expect(p.returncode == 0, "host %d: clusterctl %s gave %d" % (self.i, " ".join(argv), p.returncode), p.out)
        return json.loads(p.stdout) if json_out and ok else p

    # ---- configuration
    def write_conf(self):
        with open(os.path.join(self.etc, "cluster.conf"), "w") as f:
            f.write("beat_interval = %g\ndead_time = %g\n%s%s" % (self.lab.beat, self.lab.dead, self.lab.conf, self.conf))

    def write_hosts(self, text=None):
        path = os.path.join(self.etc, "hosts")
        with open(path, "w") as f:
            f.write(self.lab.hosts_text() if text is None else text)
        os.chmod(path, 0o600)

    def write_services(self, keep=()):
        """`keep`: folders that stay although no line names them any more."""
        with open(os.path.join(self.etc, "services"), "w") as f:
            for name, s in self.lab.services.items():
                f.write("%s %s\n" % (name, " ".join(map(str, s.preference))))
        top = os.path.join(self.etc, "services.d")
        os.makedirs(top, exist_ok=True)
        for name in os.listdir(top):
            if name not in keep:
                shutil.rmtree(os.path.join(top, name))
        for name, s in self.lab.services.items():
            if self.i in s.preference:
                self.write_service(os.path.join(top, name), name, s)

    def write_service(self, folder, name, s):
        os.makedirs(folder)
        mine = s.only is None or self.i in s.only
        values = {"host": self.i, "name": name, "events": self.lab.events_path, "run": self.run_dir}
        for script in ("start", "stop") if s.scripts else ():
            snippet = s.snippets[script] if mine else ""
            body = SCRIPT % dict(values, script=script, snippet=snippet, act=ACTS[script])
            self.write_script(os.path.join(folder, script), body)
        if s.status is not None:
            self.write_script(os.path.join(folder, "status"), STATUS % dict(values, snippet=s.status if mine else ""))
        if s.conf:
            with open(os.path.join(folder, "service.conf"), "w") as f:
                f.write(s.conf)

    @staticmethod
    def write_script(path, body):
        with open(path, "w") as f:
            f.write(body)
        os.chmod(path, 0o755)

    def write_all(self):
        self.write_conf()
        self.write_hosts()
        self.write_services()

    def reload(self):
        self.ctl("reload")
