"""Under systemd and logind, of which standin.py plays both: services in scopes of their own, and what happens before sleep."""
import contextlib
import json
import os
import signal
import time

import groups
from cases_guardian import LEAVES, another_engine, processes_of
from lab import HERE, PYTHON, Service, Skip, expect, until

PATIENCE = 2.0   # s a daemon waits for a scope
UNIT = "clusterd.service"


class Bed:
    """Hosts of which each has a stand-in on its bus, which makes scopes below a control group of the host's own."""

    def __init__(self, c, *specs, kinds=("systemd", "logind"), **kw):
        self.lab = c.lab(*specs, **kw)
        self.kinds, self.standins = kinds, {}
        if not self.lab.group.folder:
            raise Skip("no control groups can be made here")
        self.lab.acquaint()

    def groups(self, h):
        return os.path.join(self.lab.group.folder, "h%d" % h.i)

    def stand_in(self, h, mode="works"):
        os.makedirs(self.groups(h), exist_ok=True)
        self.answers(h, mode)
        if not h.bus_pid:
            h.bus_up()
        self.standins[h.i] = h.spawn([PYTHON, os.path.join(HERE, "standin.py"), h.bus_path, self.groups(h), h.dir, *self.kinds],
                                     "standin.log")["pid"]
        until(lambda: any("up" in s for s in self.said(h)), "host %d: the stand-in is on the bus" % h.i)

    def answers(self, h, mode):
        with open(os.path.join(h.dir, "mode"), "w") as f:
            f.write(mode)

    def said(self, h, key=None):
        try:
            with open(os.path.join(h.dir, "said")) as f:
                out = [json.loads(line) for line in f]
        except FileNotFoundError:
            return []
        return [s for s in out if not key or key in s]

    def up(self, h, unit=False):
        """With a control group for the daemon's unit, or in whatever this process is in."""
        if not unit:
            h.up()
            return
        group = os.path.join(self.groups(h), UNIT)
        os.makedirs(group, exist_ok=True)
        h.pid = h.spawn(["bash", "-c", 'echo $$ > "$1"/cgroup.procs && shift && exec "$@"', "-", group] +
                        h.argv("--foreground"), "clusterd.log")["pid"]

    def ready(self, mode="works", unit=False, **placed):
        for h in self.lab:
            self.stand_in(h, mode)
            self.up(h, unit)
        self.lab.await_linked(timeout=60)
        self.lab.await_placed(**placed)
        return self.lab


def is_sleep(h, pid):
    with contextlib.suppress(OSError):
        with open(h.outer(pid) + "/comm") as f:
            return f.read().strip() == "sleep"
    return False


def left_of(h, text="sleep 307"):
    return until(lambda: [pid for pid in processes_of(h, text) if is_sleep(h, pid)], "it leaves one behind")


def expect_in_scope(h, unit="cluster-web.scope"):
    for text in ("sleep 307", "sleep 308"):
        for pid in left_of(h, text):
            group = groups.of(h.outer(pid))
            expect(group.endswith("/cluster.slice/" + unit), "in its scope", text, group)


SAYS_WHERE = "cat /proc/self/cgroup > '%s/'${0##*/}"


def test_services_live_in_scopes(c):
    says = SAYS_WHERE % c.dir
    bed = Bed(c, "addr", services={"web": Service([1], start=LEAVES + says, status=says, stop=says, conf="status_interval = 0.3\n"),
                                   "my-db_1.x": Service([1], start=LEAVES)})
    lab = bed.lab
    h = lab[1]
    bed.stand_in(h)
    bed.up(h, unit=True)
    until(lambda: lab.holders("web") == {1} and lab.holders("my-db_1.x") == {1}, "both run")
    asked = {s["asked"]: s["properties"] for s in bed.said(h, "asked")}
    expect(set(asked) == {"cluster-web.scope", "cluster-my\\x2ddb_1.x.scope"}, "names as systemd escapes them", asked)
    p = asked["cluster-web.scope"]
    expect(p["Slice"] == "cluster.slice" and p["CollectMode"] == "inactive-or-failed" and p["Delegate"] is True, "its properties", p)
    expect(p["Before"] == [UNIT] and len(p["PIDs"]) == 1, "stopped after the daemon", p)
    until(lambda: {groups.of(h.outer(pid)).rsplit("/", 1)[1] for pid in left_of(h)} == set(asked), "what each leaves is in its own")
    until(lambda: os.path.exists(os.path.join(c.dir, "status")), "its status runs")
    h.ctl("stop", "web")
    for script in ("start", "status", "stop"):
        with open(os.path.join(c.dir, script)) as f:
            expect("cluster.slice/cluster-web.scope" in f.read(), "each script is in the scope: " + script)
    n = len(bed.said(h, "asked"))
    expect(n == 2, "for a service, not for a script", n)


def test_unit_dies_and_scopes_live(c):
    """All of the daemon's unit is killed; its services do not notice, and the next daemon has them again."""
    bed = Bed(c, "addr", services={"web": Service([1], status="", start=LEAVES)})
    lab = bed.lab
    h = lab[1]
    bed.stand_in(h)
    bed.up(h, unit=True)
    until(lambda: lab.holders("web") == {1}, "web runs")
    expect_in_scope(h)
    alive = left_of(h) + left_of(h, "sleep 308")
    group = os.path.join(bed.groups(h), UNIT)
    with open(os.path.join(group, "cgroup.kill"), "w") as f:
        h.ended[h.pid] = signal.SIGKILL
        f.write("1")
    h.wait_exit()
    until(lambda: groups.vanish(group), "each start of a unit has a group of its own")
    t = time.time_ns()
    expect(left_of(h) + left_of(h, "sleep 308") == alive, "they live on")
    bed.up(h, unit=True)
    until(lambda: (h.service_view("web") or {}).get("state") == "running", "web is adopted")
    expect(not lab.events(t), "no script ran but status", *lab.events(t))
    h.ctl("stop", "web")
    expect(lab.events(t, service="web", script="stop", phase="end"), "and stopped by it", *lab.events(t))


def test_fence_kills_scopes(c):
    """Guardian and engine are dead, and so are the bus and systemd."""
    bed = Bed(c, "addr", "addr", services={"web": Service([1], start=LEAVES), "other": Service([2], start=LEAVES)})
    lab = bed.ready(web=1, other=2)
    h = lab[1]
    expect_in_scope(h)
    expect_in_scope(lab[2], "cluster-other.scope")
    h.kill()
    h.agent.rpc("kill", pid=bed.standins[1], signal=9)
    h.bus_down()
    expect(processes_of(h, "sleep 307"), "nothing has ended with the guardian")
    p = h.run(*h.argv("--fence"))
    expect(p.returncode == 0 and "all of service web is killed" in p.out, "it kills, and says what", p.returncode, p.out)
    expect(not processes_of(h, "sleep 30"), "nothing is left", processes_of(h, "sleep 30"))
    expect(processes_of(lab[2], "sleep 307"), "the other host's are left alone")


def test_engine_killed_in_scopes(c):
    bed = Bed(c, "addr", "addr", services={"web": Service([1, 2], start=LEAVES)})
    lab = bed.ready(web=1)
    h, t, old, alive = lab[1], time.time_ns(), lab[1].engine(), left_of(lab[1])
    h.signal_engine(signal.SIGKILL)
    another_engine(h, old)
    lab.await_linked()
    lab.await_placed(web=1)
    lab.expect_stable()
    expect(not lab.events(t) and left_of(h) == alive, "nothing happened to it", *lab.events(t))
    expect_in_scope(h)


def test_kill_reaches_a_scope_without_a_bus(c):
    bed = Bed(c, "addr", "addr", "addr", services={
        "web": Service([1, 2, 3], start=LEAVES + "echo $! > $marker.pid\n",
                       stop="while kill -0 $(cat $marker.pid) 2> /dev/null; do sleep 0.05; done",
                       conf="ownership = majority\nfence_margin = 1\nstop_timeout = 0.5\n")})
    lab = bed.ready(web=1)
    h = lab[1]
    expect_in_scope(h)
    h.agent.rpc("kill", pid=bed.standins[1], signal=9)
    h.bus_down()
    lab.two_copies_allowed = True  # the killed stop never said that it has ended
    h.unplug()
    until(lambda: 2 in lab.holders("web"), "another host has it")
    expect(not processes_of(h, "sleep 30"), "by then all of it is dead", processes_of(h, "sleep 30"), h.log_text()[-2000:])


def begins_without(c, mode, why, soon):
    """Whatever systemd does, the service begins, in the daemon's own groups, and later ones do not wait again."""
    bed = Bed(c, "addr", services={"web": Service([1], start=LEAVES), "mail": Service([1])})
    lab = bed.lab
    h = lab[1]
    bed.stand_in(h, mode)
    bed.up(h, unit=True)
    until(lambda: lab.holders("web") == {1} and lab.holders("mail") == {1}, "both begin")
    begun = min(s["t"] for s in bed.said(h, "asked"))
    start = max(lab.events(script="start", phase="begin"), key=lambda e: e.t)
    waited = (start.t - begun) / 1e9
    expect(waited < (PATIENCE / 2 if soon else PATIENCE + 3), "within the bound: %.1f s" % waited)
    for pid in left_of(h):
        where = groups.of(h.outer(pid))
        expect("/cluster/" in where and where.endswith("/service-web"), "in the daemon's own group", where)
    lines = [line for line in h.log_text().splitlines() if "not in a scope" in line]
    expect(len(lines) in (1, 2) and any(why in line for line in lines), "said, with the reason", *lines)
    n, t = len(bed.said(h, "asked")), time.monotonic()
    h.ctl("restart", "mail")
    expect(time.monotonic() - t < PATIENCE and len(bed.said(h, "asked")) == n, "the next does not wait for it")
    return bed, h


def test_systemd_that_refuses(c):
    begins_without(c, "refuses", "not you", True)


def test_systemd_that_hangs(c):
    begins_without(c, "hangs", "no answer within", False)


def test_systemd_that_vanishes_in_between(c):
    begins_without(c, "vanishes", "no answer within", False)


def test_systemd_that_says_what_is_not_so(c):
    begins_without(c, "lies", "it is in ", True)


def test_systemd_that_comes_late(c):
    """What it moves then is no part of the service any more."""
    bed, h = begins_without(c, "late", "no answer within", False)
    until(lambda: [s for s in bed.said(h) if "not_moved" in s], lambda: "it finds nobody to move: %s" % bed.said(h)[-3:], 15)
    expect(not [s for s in bed.said(h) if "moved" in s], "and has moved nobody")


def test_bus_that_hangs(c):
    bed = Bed(c, "addr", services={"web": Service([1], start=LEAVES)})
    lab = bed.lab
    h = lab[1]
    bed.stand_in(h)
    h.agent.rpc("kill", pid=h.bus_pid, signal=int(signal.SIGSTOP))
    t = time.monotonic()
    bed.up(h, unit=True)
    until(lambda: lab.holders("web") == {1}, "it begins")
    expect(time.monotonic() - t < PATIENCE + 12, "within the bound")
    h.agent.rpc("kill", pid=h.bus_pid, signal=int(signal.SIGCONT))


def test_boot_at_which_systemd_is_last_on_the_bus(c):
    bed = Bed(c, "addr", services={"web": Service([1], start=LEAVES)})
    lab = bed.lab
    h = lab[1]
    p = h.run("bash", "-c", "mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/system")
    expect(p.returncode == 0, "a machine that systemd has booted", p.out)
    h.bus_up()
    os.makedirs(os.path.join(bed.groups(h), UNIT))
    os.setxattr(os.path.join(bed.groups(h), UNIT), "user.delegate", b"1")
    bed.up(h, unit=True)
    until(lambda: "web is starting" in h.log_text(), "its start waits")
    bed.stand_in(h)
    until(lambda: lab.holders("web") == {1}, "it begins")
    expect_in_scope(h)


def test_start_killed_while_it_waits(c):
    """A start past its time is killed before it has begun, and does not begin after that."""
    bed = Bed(c, "addr", services={"web": Service([1], start=LEAVES, conf="start_timeout = 1\n")})
    lab = bed.lab
    h = lab[1]
    bed.stand_in(h, "hangs")
    bed.up(h, unit=True)
    until(lambda: bed.said(h, "asked"), "it waits")
    until(lambda: (h.service_view("web") or {}).get("state") not in (None, "claiming", "starting"), "it is given up")
    time.sleep(PATIENCE)
    expect(not lab.events(service="web", script="start"), "it never began", *lab.events())
    expect(not processes_of(h, "services.d/web/start"), "and nothing of it is left")


# ---------------------------------------------------------------------------------------- sleep

LOGIND = "org.freedesktop.login1", "/org/freedesktop/login1", "lab.Standin"


def sleeper(c, **kw):
    bed = Bed(c, "addr", "addr", "addr", services={
        "db": Service([1, 2, 3], conf="ownership = majority\nfence_margin = 1\n", **kw), "web": Service([1, 2, 3])})
    lab = bed.ready(db=1, web=1)
    h = lab[1]
    until(lambda: bed.said(h, "lock"), "the host of db delays sleep")
    expect(bed.said(h, "lock")[0]["lock"][0] == "sleep" and bed.said(h, "lock")[0]["lock"][3] == "delay", "by its kind", bed.said(h, "lock"))
    expect(not bed.said(lab[2], "lock") and not bed.said(lab[3], "lock"), "and no other")
    return bed, lab, h


def test_handed_over_before_sleep(c):
    bed, lab, h = sleeper(c)
    let = h.connect().call(*LOGIND, "Sleep", timeout=20)[0]
    h.freeze()
    slept = bed.said(h, "sleeps")[0]["t"]
    stop = lab.events(service="db", host=1, script="stop", phase="end")
    expect(let and stop and stop[0].t < bed.said(h, "released")[0]["t"] < slept, "stopped, then let go, then asleep", *lab.events(service="db"))
    expect(stop[0].reason == "shutdown", "for the reason that it is", stop[0])
    until(lambda: lab.holders("db") == {2}, "another host has it", 5)
    start = lab.events(service="db", host=2, script="start", phase="begin")[0]
    expect(start.t - stop[0].t < lab.dead * 1e9, "without waiting for the lease", start, stop[0])
    expect(not lab.events(service="web", host=1, script="stop"), "what has no lease stays", *lab.events(service="web"))
    expect(bed.said(lab[2], "lock"), "now that one delays sleep")
    lab.two_copies_allowed = True  # of web: peers
    time.sleep(lab.dead * 2)
    h.thaw()
    h.connect().call(*LOGIND, "Wake", timeout=20)
    lab.await_linked()
    lab.await_placed(db=2, web=1)
    expect(lab.copies("db", lab.formed)[1] == 0, "db never had two copies", *lab.events(service="db"))
    n = len(bed.said(h, "lock"))
    h.ctl("move", "db", "1")
    until(lambda: len(bed.said(h, "lock")) > n, "back there, sleep is delayed again")


def test_sleep_does_not_wait_for_ever(c):
    bed, lab, h = sleeper(c, stop="[ $CLUSTER_HOST_ID = 1 ] && [ ! -e $marker.slow ] && : > $marker.slow && sleep 8")
    let = h.connect().call(*LOGIND, "Sleep", timeout=20)[0]
    expect(not let, "logind has waited for as long as it does")
    h.connect().call(*LOGIND, "Wake", timeout=20)
    until(lambda: len(lab.holders("db")) == 1 and not lab.events(service="db", host=1, script="stop", phase="end") == [], "db runs once", 30)
    lab.expect_single("db")


def test_engine_that_begins_while_sleep_is_near(c):
    """It hears from logind what its predecessor was told."""
    bed, lab, h = sleeper(c, stop="[ $CLUSTER_HOST_ID = 1 ] && sleep 2")
    h.spawn(["dbus-send", "--bus=" + h.bus_address, "--print-reply", "--reply-timeout=20000", "--dest=" + LOGIND[0], LOGIND[1],
             LOGIND[2] + ".Sleep"])
    until(lambda: lab.events(service="db", host=1, script="stop"), "its stop begins")
    old = h.engine()
    h.signal_engine(signal.SIGKILL)
    another_engine(h, old)
    until(lambda: lab.holders("db") == {2}, "it is handed over all the same")
    lab.expect_stable(1)
    until(lambda: bed.said(h, "sleeps"), "it sleeps", 10)
    h.connect().call(*LOGIND, "Wake", timeout=20)
    lab.expect_single("db")


def test_no_logind(c):
    bed = Bed(c, "addr", "addr", "addr", kinds=("systemd",), services={
        "db": Service([1, 2, 3], conf="ownership = majority\nfence_margin = 1\n")})
    for h in bed.lab:
        bed.stand_in(h)
        h.up("--verbose")
    lab = bed.lab
    lab.await_linked(timeout=60)
    lab.await_placed(db=1)
    until(lambda: "logind does not delay sleep" in lab[1].log_text(), "said at debug level")
    bed.kinds = ("logind",)
    bed.stand_in(lab[1])
    until(lambda: bed.said(lab[1], "lock"), "one that comes later is asked")
