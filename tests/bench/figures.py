"""The trials: what is done to three hosts, and what is read from the stamps afterwards.

Times of events come from the services' scripts (EPOCHREALTIME) and from the agents that kill, cut and
start: one machine, one clock. A copy of a service is there from the begin of its start script to the end
of its stop script. What the scripts themselves take is taken off: between two moments, the time in which
any script of that service ran.
"""
import json
import os
import random
import re
import shutil
import subprocess
import time

import lab as L
import nat
from lab import until

SERVICE = "web"
HOME, NEXT = 1, 2
SIMULATOR_FINDINGS = (10, 11, 12)  # its exit codes: safety, liveness, crash


def script_time(lab, a, b):
    """ns within [a, b] in which a script of the service ran anywhere."""
    spans, open_at = [], {}
    for e in lab.events():
        if e.script == "crash":
            for key in [k for k in open_at if k[0] == e.host]:
                spans.append((open_at.pop(key), e.t))
        elif e.service == SERVICE:
            if e.phase == "begin":
                open_at[e.host, e.script] = e.t
            elif (e.host, e.script) in open_at:
                spans.append((open_at.pop((e.host, e.script)), e.t))
    total, until_t = 0, a
    for begin, end in sorted(spans):
        begin, end = max(begin, until_t), min(end, b)
        if end > begin:
            total += end - begin
            until_t = end
    return total


def first(lab, since, **match):
    e = lab.events(since, **match)
    return e[0] if e else None


class Trials:
    """Three hosts with addresses; the service prefers the first."""

    def __init__(self, make_lab, beat=L.BEAT, dead=L.DEAD):
        self.lab = make_lab("addr", "addr", "addr", services={SERVICE: L.Service([1, 2, 3])}, beat=beat, dead=dead)
        self.lab.two_copies_allowed = True
        self.values, self.bad = {}, []

    def add(self, figure, ns):
        self.values.setdefault(figure, []).append(ns / 1e6)

    def begin(self):
        self.lab.acquaint().up()
        self.home()

    def home(self):
        """All linked, the service at its preferred host, every daemon says so, and nothing under way."""
        self.lab.await_linked(timeout=40)
        self.lab.await_placed(timeout=40, **{SERVICE: HOME})
        n = len(self.lab.events())
        time.sleep(0.3 + random.uniform(0, self.lab.beat))  # no fixed phase to the daemons' beats
        if len(self.lab.events()) != n:
            self.home()

    def clear(self):
        self.lab[NEXT].connect().manager("ClearService", "s", SERVICE)

    def move(self):
        t = time.time_ns()
        self.lab[3].connect().manager("MoveService", "su", SERVICE, NEXT)
        until(lambda: first(self.lab, t, host=NEXT, script="start", phase="end"), "the move is done")
        self.handover("planned move", t, HOME, NEXT)
        start = first(self.lab, t, host=NEXT, script="start", phase="begin").t
        self.add("planned move: order to start elsewhere", start - t - script_time(self.lab, t, start))
        time.sleep(0.2)
        t = time.time_ns()
        self.clear()
        until(lambda: first(self.lab, t, host=HOME, script="start", phase="end"), "the move back is done")
        self.handover("move back by clear", t, NEXT, HOME)
        self.home()

    def handover(self, name, t, old, new):
        stop = first(self.lab, t, host=old, script="stop", phase="end").t
        start = first(self.lab, t, host=new, script="start", phase="begin").t
        self.add(name + ": no copy", start - stop)
        self.values.setdefault(name + ": two copies", []).append(self.lab.copies(SERVICE, t)[1] * 1e3)

    def crash(self):
        lab = self.lab
        t = lab[HOME].crash()
        start = until(lambda: first(lab, t, host=NEXT, script="start", phase="begin"), "started elsewhere", every=0.005)
        self.add("crash: start elsewhere", start.t - t)
        lab.await_placed(which=[2, 3], **{SERVICE: NEXT})
        time.sleep(0.5 + random.uniform(0, lab.beat))
        self.returns()
        self.home()
        self.clear()
        self.home()

    def returns(self):
        lab = self.lab
        lab[HOME].bus_up()
        t = lab[HOME].up()
        linked = None
        end = time.monotonic() + 20
        while not linked and time.monotonic() < end:
            asked = time.time_ns()
            status = lab[HOME].status()
            if status and all(h["state"] == "up" and h["path"] in ("self", "direct") for h in status["hosts"]):
                linked = asked
            else:
                time.sleep(0.002)
        if not linked:
            raise L.Failure("the restarted host did not link")
        self.add("restart: linked to all", linked - t)
        start = until(lambda: first(lab, t, host=HOME, script="start", phase="begin"), "preferred service back")
        self.add("restart: preferred service back", start.t - t - script_time(lab, t, start.t))
        self.add("restart: preferred service back, with scripts", start.t - t)
        stop = first(lab, t, host=NEXT, script="stop", phase="end").t
        self.add("restart: no copy during failback", start.t - stop)

    def silent(self):
        lab = self.lab
        t = lab[HOME].unplug()
        start = until(lambda: first(lab, t, host=NEXT, script="start", phase="begin"), "started elsewhere", every=0.005)
        self.add("silent: start elsewhere", start.t - t)
        lab[HOME].plug()
        self.home()

    def repeat(self, what, trials, say):
        for n in range(trials):
            try:
                getattr(self, what)()
            except L.Failure as e:
                self.bad.append("%s, trial %d: %s" % (what, n + 1, e))
                say(self.bad[-1])
                for h in self.lab:
                    if not h.pid:
                        h.up()
                self.lab[HOME].plug() if what == "silent" else None
                self.clear()
                self.home()
            say("%s %d of %d" % (what, n + 1, trials))


def daemons(h):
    return [p for p in h.agent.rpc("pids")["pids"]
            if os.path.basename(os.readlink(h.outer(p) + "/exe")) == "clusterd"]


def cpu(h):
    """ns of all threads."""
    total = 0
    for pid in daemons(h):
        for task in os.listdir(h.outer(pid) + "/task"):
            with open("%s/task/%s/schedstat" % (h.outer(pid), task)) as f:
                total += int(f.read().split()[0])
    return total


def idle(make_lab, seconds, say):
    """Per host: CPU ms a second, PSS in MiB, bytes a second sent."""
    lab = make_lab("addr", "addr", "addr", services={SERVICE: L.Service([1, 2, 3])}, beat=1, dead=5)
    lab.acquaint().up()
    lab.await_linked(timeout=40)
    lab.await_placed(timeout=40, **{SERVICE: HOME})
    for h in lab:
        h.disconnect()
    say("idle for %d s" % seconds)
    time.sleep(8)

    def sent(h):
        with open("/proc/%d/net/dev" % h.agent.init) as f:
            line = next(x for x in f if x.strip().startswith("eth0:"))
        return int(line.split(":")[1].split()[8])

    def pss(h):
        kib = 0
        for pid in daemons(h):
            with open(h.outer(pid) + "/smaps_rollup") as f:
                kib += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
        return kib / 1024
    t0, c0, b0 = time.monotonic(), [cpu(h) for h in lab], [sent(h) for h in lab]
    time.sleep(seconds)
    t1, c1, b1 = time.monotonic(), [cpu(h) for h in lab], [sent(h) for h in lab]
    return {"idle: CPU": [(b - a) / 1e6 / (t1 - t0) for a, b in zip(c0, c1)],
            "idle: PSS": [pss(h) for h in lab],
            "idle: sent": [(b - a) / (t1 - t0) for a, b in zip(b0, b1)]}


def answer(h):
    status = h.status()
    if status is None:
        raise L.Failure("host %d does not answer" % h.i)
    return status


def longest_answers(hosts, seconds, reach=0.05):
    """Asks these hosts again and again: the longest waits (ns) within `reach` s of each rotation of theirs, and
    within as much of a moment between two of them."""
    asked = {h.i: [] for h in hosts}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for h in hosts:
            begin = time.monotonic()
            status = answer(h)
            asked[h.i].append((begin, time.monotonic(), sum(v["generation"] for v in status["hosts"])))
        time.sleep(0.002)
    at_rotations, elsewhere = [], []
    for waits in asked.values():
        changes = [b[1] for a, b in zip(waits, waits[1:]) if b[2] != a[2]]

        def longest(moment):
            return max(b - a for a, b, _ in waits if a < moment + reach and b > moment - reach) * 1e9
        at_rotations += [longest(t) for t in changes[1:-1]]
        elsewhere += [longest((t + u) / 2) for t, u in zip(changes, changes[1:]) if u - t > 6 * reach]
    return at_rotations, elsewhere


def rotation(make_lab, rounds, seconds, say):
    """What a rotation costs each of its two ends, above what the same daemons need without any; and who waits for it."""
    lab = make_lab("addr", "addr", "addr")
    lab.acquaint().up()
    lab.await_linked(timeout=40)
    costs, at_rotations, elsewhere = [], [], []

    def spent(interval):
        """Per host: CPU in ns and rotations, asked nothing meanwhile."""
        lab.conf = "rekey_interval = %s\n" % interval
        for h in lab:
            h.write_conf()
            h.reload()
        time.sleep(3)
        n0, c0 = [counted(h) for h in lab], [cpu(h) for h in lab]
        time.sleep(seconds)
        c1, n1 = [cpu(h) for h in lab], [counted(h) for h in lab]
        return [b - a for a, b in zip(c0, c1)], [b - a for a, b in zip(n0, n1)]

    def counted(h):
        return sum(v["generation"] for v in answer(h)["hosts"])
    for n in range(rounds):
        still, _ = spent('"1h"')
        busy, rotations = spent(1)
        costs += [(b - a) / r / 1e6 for a, b, r in zip(still, busy, rotations) if r]
        near, far = longest_answers([lab[1], lab[3]], seconds)
        at_rotations += [t / 1e6 for t in near]
        elsewhere += [t / 1e6 for t in far]
        say("rotation %d of %d: %d in %d s" % (n + 1, rounds, sum(rotations) / 2, seconds))
    return {"rotation: CPU of each end": costs, "rotation: longest answer around one": at_rotations,
            "rotation: longest answer between two": elsewhere}


def transfer(make_lab, gib, say):
    """While one large file goes from a host to another: how long beats take there and back, and who waits for an answer."""
    lab = make_lab("addr", "addr")
    folder = {h.i: os.path.join(h.dir, "data") for h in lab}
    free = shutil.disk_usage(lab[1].dir).free
    if free < 3 * gib << 30:
        raise L.Skip("%d GiB are free, three times %d are needed" % (free >> 30, gib))
    for h in lab:
        os.makedirs(folder[h.i])
        h.conf = 'sync data { path = "%s" }\n' % folder[h.i]
    lab.up()
    lab.await_linked()
    say("transfer: %d GiB are made" % gib)
    whole = os.path.join(lab[1].dir, "whole")
    with open(whole, "wb") as f:
        for _ in range(gib << 4):
            f.write(os.urandom(1 << 26))
    os.rename(whole, os.path.join(folder[1], "whole"))
    say("transfer: begins")
    begin, arrived = time.monotonic(), os.path.join(folder[2], "whole")
    round_trips, answers = {h.i: 0 for h in lab}, {h.i: 0 for h in lab}
    while not os.path.exists(arrived):
        for h in lab:
            asked = time.monotonic()
            told = answer(h)["hosts"]
            answers[h.i] = max(answers[h.i], (time.monotonic() - asked) * 1e3)
            round_trips[h.i] = max([round_trips[h.i]] + [v["rtt_ms"] for v in told if v.get("rtt_ms") is not None])
        time.sleep(0.01)
        if time.monotonic() - begin > 120 * gib:
            raise L.Failure("the transfer does not end")
    took = time.monotonic() - begin
    lab.close()
    return {"transfer: longest beat there and back": list(round_trips.values()),
            "transfer: longest answer": list(answers.values()), "transfer: rate": [(gib << 30) / took / 1e6]}


def behind_routers(make_lab, trials, say):
    """Two hosts behind routers that preserve ports, 10 ms from everybody: how soon the second reaches the first."""
    lab = nat.begun(nat.lab_of(make_lab, delay=10))
    lab.two_copies_allowed = True
    lab.watched.stop()
    nat.arrival(lab)
    out = {"NAT: relayed after": [], "NAT: direct after": []}
    for n in range(trials):
        lab[nat.P].crash()
        until(lambda: all(lab[i].host_view(nat.P)["state"] == "down" for i in (nat.S, nat.L)), "P is missed")
        for r in lab.routers.values():
            r.forget()
        lab[nat.P].bus_up()
        time.sleep(random.uniform(0, lab.beat))
        for figure, ms in zip(out, nat.arrival(lab)):
            out[figure].append(ms)
        say("nat %d of %d" % (n + 1, trials))
    return out


def handshakes(build, trials, say):
    """What authenticating costs, in a process of its own."""
    program = os.path.join(build, "tests", "handshakes")
    if not os.access(program, os.X_OK):
        say("no handshakes in %s" % build)
        return {}
    say("handshakes, %d times 1 s" % trials)
    p = subprocess.run([program, str(trials), "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       timeout=30 + 10 * trials)
    if p.returncode:
        say("handshakes failed: " + p.stderr[-500:])
        return {}
    return json.loads(p.stdout)


def simulated_runs(build, seconds, say):
    """Runs a minute of the simulator on two cores, from batches until the time is up."""
    program = os.path.join(build, "tests", "sim")
    if not os.access(program, os.X_OK):
        say("no simulator in %s" % build)
        return {}
    say("simulator for %d s" % seconds)
    runs, first_seed, batch, begin = 0, 1, 200, time.monotonic()
    while time.monotonic() - begin < seconds:
        p = subprocess.run([program, "--seeds", str(batch), "--first", str(first_seed), "--jobs", "2"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True)
        if p.returncode in SIMULATOR_FINDINGS:
            say("the simulator found something, which is not what is measured here: " + p.stdout.splitlines()[-1])
        elif p.returncode:
            say("the simulator refused: " + p.stdout[-500:])
            return {}
        runs, first_seed = runs + batch, first_seed + batch
    return {"simulator: runs a minute": [runs * 60 / (time.monotonic() - begin)]}
