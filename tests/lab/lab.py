"""Hosts as namespaces on one switch, each with a bus, a configuration and a real clusterd.

A Lab owns everything it makes: agents (process 1 of each host's pid namespace), network namespaces,
which are anonymous and vanish with them, and files below its own folder. Closing it, or the death of
this process in any manner, ends all of it.
"""
import os
import re
import time

from basics import (BEAT, DEAD, HERE, NET, PORT, PUBLIC_NET, PYTHON, ROOT, Agent, Event, Failure, Segment, Service, Skip,
                    expect, until)
from groups import Group
from host import Host
from router import Nat, Router
from watch import Watch

__all__ = ["BEAT", "DEAD", "HERE", "PORT", "PYTHON", "ROOT", "Failure", "Host", "Lab", "Nat", "Router", "Service", "Skip",
           "expect", "until"]


class Lab:
    """`specs`: one a host, its ID is its place: "addr", "addr:NAME", "dyn:NAME", "dyn:NAME@ROUTER".

    `routers`: name to Nat. `delay`: one way across the public switch, in milliseconds; with one, nothing can be
    unplugged from it.
    """

    def __init__(self, directory, build, specs, services=None, conf="", beat=BEAT, dead=DEAD, routers=None, delay=0):
        self.dir, self.build = directory, build
        self.conf, self.beat, self.dead = conf, beat, dead
        self.services = services or {}
        self.events_path = os.path.join(directory, "events")
        open(self.events_path, "w").close()
        self.two_copies_allowed = False
        self.formed = None  # when the services were first placed: before, hosts may not have met yet
        self.etc_hosts = None
        self.switch = None
        self.delay = delay
        self.expected_log_faults = None
        self.watches = []
        self.machines = []  # that were booted on this switch
        self.group = Group()
        self.public = Segment(PUBLIC_NET if routers else NET, "br0")
        self.routers = {name: Router(self, place, name, kind) for place, (name, kind) in enumerate((routers or {}).items(), 1)}
        self.hosts = {i: Host(self, i, s) for i, s in enumerate(specs, 1)}
        if any(h.named for h in self):
            self.etc_hosts = os.path.join(directory, "etc-hosts")
            self.write_names()

    def __getitem__(self, i):
        return self.hosts[i]

    def __iter__(self):
        return iter(self.hosts.values())

    def segment(self, router=""):
        return self.routers[router].lan if router else self.public

    def write_names(self):
        """What a name server would say: every host looks here."""
        with open(self.etc_hosts, "w") as f:
            f.write("127.0.0.1 localhost\n" + "".join("%s %s\n" % (h.ip, h.name) for h in self if h.named))

    def program(self, name):
        return os.path.join(self.build, name)

    def hosts_text(self):
        return "".join("%s%s%s\n" % (h.name, "," if h.dynamic else " ", h.pass_phrase) for h in self)

    # ---- life
    def agent(self, name, kinds):
        agent = Agent(name, kinds)
        self.group.take_in(agent.proc.pid, agent.init)
        return agent

    def build_network(self):
        self.switch = self.public.agent = self.agent("switch", ["-n", "-m", "-u", "-p"])
        self.switch.bridge("br0")
        for r in self.routers.values():
            r.boot()
        for h in self:
            h.boot()
        if self.delay:
            self.slow_down()
        return self

    def slow_down(self):
        """A switch of our own in the bridge's place; only hosts and routers that are there already get through."""
        out = [h for h in self if h.segment is self.public]
        for x in out:
            x.agent.rpc("frames", interface="eth0")
        for x in self.routers.values():
            x.agent.rpc("frames", interface="pub")
        ports = [x.port for x in out + list(self.routers.values())]
        for port in ports:
            self.switch.rpc("unplug", port=port, bridge="br0")
            self.switch.ip("link", "set", port, "promisc", "on")
        self.switch.rpc("spawn", argv=[PYTHON, os.path.join(HERE, "slow.py"), str(self.delay)] + ports,
                        log=os.path.join(self.dir, "slow.log"))

    def ready(self):
        """The network, and every host configured."""
        self.build_network()
        for h in self:
            h.write_all()
        return self

    def up(self, *which):
        """Starts the daemons of these hosts (default all)."""
        if not self.switch:
            self.ready()
        for h in self:
            if not which or h.i in which:
                h.up()
        return self

    def acquaint(self, *which, met=None):
        """Lets these hosts (default all) meet for the first time, without services, and ends them again.

        Deriving the secrets takes time, on a busy machine perhaps more than the short dead time here; hosts
        that have met find each other at once. `met` waits until they have, by default until all are linked.
        """
        if not self.switch:
            self.ready()
        services, self.services = self.services, {}
        for h in self:
            h.write_services()
        self.up(*which)
        met() if met else self.await_linked(*which, timeout=60)
        for h in self:
            if h.pid:
                h.crash()
        self.services = services
        for h in self:
            h.write_services()
        open(self.events_path, "w").close()
        return self

    def close(self):
        for w in self.watches:
            w.stop()
        for m in self.machines:
            m.close()
        for h in self:
            h.disconnect()
        for a in [h.agent for h in self] + [r.agent for r in self.routers.values()] + [self.switch]:
            if a:
                a.close()
        self.group.close()

    def watch(self, *which, **kw):
        """What these hosts (default all) say of each other from now on."""
        self.watches.append(Watch([h for h in self if not which or h.i in which], **kw))
        return self.watches[-1]

    def sniff(self):
        self.switch.rpc("sniff")

    def dials(self, a, b, since=0):
        """Connections that host or router a opened (or tried to) towards b, as the public switch sees them."""
        return [s for s in self.switch.rpc("syns")["syns"] if s[1] == a.ip and s[3] == b.ip and s[0] >= since]

    # ---- events
    def note(self, t, host, what):
        with open(self.events_path, "a") as f:
            f.write("%d.%06d %d - %s end - - - -\n" % (t // 10**9, t % 10**9 // 1000, host, what))

    def events(self, since=0, **match):
        out = []
        with open(self.events_path) as f:
            for line in f:
                if line.endswith("\n"):
                    e = Event(line)
                    if e.t >= since and all(getattr(e, k) == v for k, v in match.items()):
                        out.append(e)
        out.sort(key=lambda e: e.t)
        return out

    def holders(self, service):
        """Hosts where the service runs: started whole, and no stop begun."""
        r = set()
        for e in self.events():
            if e.script == "crash":
                r.discard(e.host)
            elif e.service == service:
                if e.script == "start" and e.phase == "end":
                    r.add(e.host)
                elif e.script == "stop":
                    r.discard(e.host)
        return r

    def copies(self, service, begin=0, end=None):
        """Seconds with no copy and with two or more; a copy is from start's begin to stop's end."""
        end = end or time.time_ns()
        on, none, two, last = set(), 0, 0, begin
        for e in self.events() + [None]:
            t = min(max(e.t, begin), end) if e else end
            none += 0 if on else t - last
            two += t - last if len(on) > 1 else 0
            last = t
            if e is None:
                break
            if e.script == "crash":
                on.discard(e.host)
            elif e.service == service:
                if e.script == "start":
                    on.discard(e.host) if e.phase == "fail" else on.add(e.host)
                elif e.phase == "end":
                    on.discard(e.host)
        return none / 1e9, two / 1e9

    # ---- expectations
    def linked(self, *which):
        """Every one of these hosts has a direct link to every other."""
        ids = set(which or self.hosts)
        for i in ids:
            s = self[i].status()
            if not s:
                return False
            v = {h["id"]: h for h in s["hosts"]}
            if any(v[j]["state"] != "up" or v[j]["path"] != "direct" for j in ids - {i}):
                return False
        return True

    def describe(self):
        out = []
        for h in self:
            s = h.status() if h.agent and h.pid and h.bus_pid else None
            if s:
                out.append("host %d sees %s; %s" % (
                    h.i, " ".join("%d:%s/%s" % (v["id"], v["state"], v["path"]) + (":%d" % v["via"] if v["via"] else "")
                                for v in s["hosts"]),
                    ", ".join("%s %s@%s" % (v["name"], v["state"], v["host"]) for v in s["services"])))
        return "\n    ".join(out)

    def await_linked(self, *which, timeout=None):
        until(lambda: self.linked(*which), lambda: "hosts %s all linked directly\n    %s" % (
            list(which or self.hosts), self.describe()), timeout)

    def placed(self, where):
        return all(self.holders(s) == ({h} if h else set()) for s, h in where.items())

    def agreed(self, where, which=None):
        """The daemons' own words: each of these hosts says that it runs there and nowhere else."""
        for i in which or [h.i for h in self if h.pid]:
            s = self[i].status()
            for name, host in where.items():
                v = self[i].service_view(name, s)
                if not v or (v["host"] or 0) != host or v["running_on"] != ([host] if host else []):
                    return False
                if v["state"] != "running" and host:
                    return False
        return True

    def await_placed(self, timeout=None, which=None, **where):
        """Each service runs on that host alone (0: nowhere), by its scripts and by every daemon's view."""
        where = {k.replace("__", "-"): v for k, v in where.items()}
        until(lambda: self.placed(where) and self.agreed(where, which),
              lambda: "services at %s; they are at %s\n    %s" % (
                  where, {s: sorted(self.holders(s)) for s in where}, self.describe()), timeout)
        self.formed = self.formed or time.time_ns()

    def await_swept(self, host, since, *services):
        """A host that came back without a reboot has stopped what its last life may have left."""
        until(lambda: {e.service for e in self.events(since, host=host, script="stop", phase="end")} >= set(services),
              lambda: "host %d stops what it left: %s\n    %s" % (host, ", ".join(services), self.describe()))

    def expect_stable(self, seconds=1.0):
        n = len(self.events())
        time.sleep(seconds)
        more = self.events()[n:]
        expect(not more, "scripts ran although nothing changed", *more)

    def expect_single(self, *services):
        for s in services or self.services:
            two = self.copies(s, self.formed or 0)[1]
            expect(two == 0, "%s had two copies for %.1f ms" % (s, two * 1e3), *self.events(service=s))

    def audit(self):
        """What must hold whatever the test was about."""
        if not self.two_copies_allowed:
            self.expect_single()
        for h in self:
            text = h.log_text()
            bad = re.search(r".*(AddressSanitizer|LeakSanitizer|runtime error:|ENSURE|terminate called).*", text)
            expect(not bad, "host %d: %s" % (h.i, bad and bad.group(0)))
            if h.pid and h.agent:
                code = h.exit_of(h.pid)
                expect(code is None, "host %d: clusterd ended by itself with %s" % (h.i, code))

    def tails(self, lines=25):
        out = ["events:"] + ["  %r" % e for e in self.events()[-30:]]
        for w in self.watches:
            out += ["seen:"] + ["  %r" % s for s in w.story()[-30:]]
        for h in self:
            text = h.log_text().splitlines()
            if text:
                out.append("host %d (%s), clusterd.log:" % (h.i, h.name))
                out += ["  " + line for line in text[-lines:]]
        return "\n".join(out)
