"""One fault a test, at the host that runs a service of each ownership: without a copy for how long, with two for how
long, and does everything recover without help. `campaign` makes a table of what these print.

A clock that is set is not here: CLOCK_REALTIME has no namespace, so setting one host's would set the machine's, and
everybody's who uses it. The simulator's hosts have clocks of their own, which jump to and fro (tests/sim).
"""
import os
import signal
import time

from copies import living, measure, service
from lab import DEAD, expect, until

MARGIN = 1.0       # s
WATCHDOG = 30      # s, as the unit has it
LASTS = 3.0        # s a fault lasts before it is healed: longer than any lease
MOST_OUTAGE = 12   # s
BUSY = ["bash", "-c", "while :; do :; done"]


class Bed:
    """Three hosts, of which the first runs both services."""

    def __init__(self, c, small_state=()):
        self.lives = os.path.join(c.dir, "lives")
        conf = "ownership = %s\nfence_margin = %g\n"
        self.lab = lab = c.lab("addr", "addr", "addr", services={
            "peers": service(self.lives, [1, 2, 3]),
            "majority": service(self.lives, [1, 2, 3], conf % ("majority", MARGIN))})
        lab.two_copies_allowed = True  # measured here, and of processes: what is killed never says that it has ended
        lab.ready()
        for i in small_state:
            lab[i].mount_state("size=2m")
        lab.acquaint()
        for h in lab:
            h.up_by_unit(WATCHDOG)
        lab.await_linked()
        until(lambda: self.runs(1), lambda: "both run on host 1\n    " + lab.describe())
        self.since = time.time_ns()
        self.holder = lab[1]

    def runs(self, host=None):
        """One copy of each, where every host says that it is (and on this host), all settled."""
        for h in self.lab:
            h.main_pid()
            s = h.status()
            if not s or not all(v["settled"] and v["state"] == "up" for v in s["hosts"]):
                return False
            for name in self.lab.services:
                v = h.service_view(name, s)
                if v["state"] != "running" or v["running_on"] != [v["host"]] or (host or v["host"]) != v["host"]:
                    return False
                if living(self.lives, name) != {v["host"]}:
                    return False
        return True

    def lasts(self, seconds=LASTS):
        time.sleep(seconds)

    def moves(self, host, *services):
        """While the fault lasts."""
        services = services or tuple(self.lab.services)
        until(lambda: all(living(self.lives, s) == {host} for s in services), lambda: "on host %d alone: %s\n    %s\n    %s" % (
            host, ", ".join(services), {s: living(self.lives, s) for s in services}, self.lab.describe()))

    def recovers(self):
        """After the fault has ended; then what it cost is measured and told."""
        until(self.runs, lambda: "one copy each, everybody up and settled\n    %s\n    %s" % (
            {s: living(self.lives, s) for s in self.lab.services}, self.lab.describe()), timeout=30)
        self.lab.await_linked()
        end = time.time_ns()
        told = []
        for name in self.lab.services:
            none, two = measure(self.lives, name, self.since, end)
            told.append("%s: outage %.0f ms, two copies %.0f ms" % (name, none * 1e3, two * 1e3))
            expect(none < MOST_OUTAGE, "%s is missing for no longer than %g s: %.1f s" % (name, MOST_OUTAGE, none))
            expect(two == 0 or name == "peers", "%s never has two copies: %.0f ms" % (name, two * 1e3))
        print("; ".join(told))


def test_engine_killed(c):
    bed = Bed(c)
    bed.holder.signal_engine(signal.SIGKILL)
    bed.lasts(DEAD)
    bed.recovers()


def test_engine_and_guardian_killed(c):
    bed = Bed(c)
    bed.holder.signal(signal.SIGKILL)
    bed.lasts(DEAD)
    bed.recovers()


def test_host_killed(c):
    bed = Bed(c)
    bed.holder.crash()
    bed.lasts()
    bed.holder.up_by_unit(WATCHDOG)
    bed.recovers()


def test_engine_frozen(c):
    bed = Bed(c)
    engine = bed.holder.engine()
    bed.holder.agent.rpc("kill", pid=engine, signal=int(signal.SIGSTOP))
    bed.lasts()
    bed.holder.agent.rpc("kill", pid=engine, signal=int(signal.SIGCONT))
    bed.recovers()


def test_engine_and_guardian_frozen(c):
    bed = Bed(c)
    bed.holder.freeze()
    bed.lasts()
    bed.recovers()


def test_guardian_frozen(c):
    """Its engine goes on renewing until it is cut off, and nobody is there to run `stop`."""
    bed = Bed(c)
    bed.holder.agent.rpc("kill", pid=bed.holder.pid, signal=int(signal.SIGSTOP))
    bed.holder.unplug()
    bed.lasts()
    bed.holder.plug()
    bed.recovers()


def test_silent_loss(c):
    bed = Bed(c)
    bed.holder.unplug()
    bed.lasts()
    bed.holder.plug()
    bed.recovers()


def test_one_way_loss(c):
    """The holder is heard, and hears nobody."""
    bed = Bed(c)
    for i in (2, 3):
        bed.lab[i].deafen(bed.holder)
    bed.lasts()
    for i in (2, 3):
        bed.lab[i].deafen(bed.holder, False)
    bed.recovers()


def test_partial_partition(c):
    """The holder and the next in line lose each other, and both see the third."""
    bed = Bed(c)
    bed.lab[1].deafen(bed.lab[2])
    bed.lab[2].deafen(bed.lab[1])
    bed.lasts()
    bed.lab[1].deafen(bed.lab[2], False)
    bed.lab[2].deafen(bed.lab[1], False)
    bed.recovers()


def test_bus_restarted(c):
    bed = Bed(c)
    bed.holder.bus_down()
    bed.lasts(1)
    bed.holder.bus_up()
    bed.recovers()


def test_load_beside(c):
    """More that wants to run than there are processors."""
    bed = Bed(c)
    busy = [bed.holder.spawn(BUSY)["pid"] for _ in range(2 * os.cpu_count())]
    bed.lasts()
    for pid in busy:
        bed.holder.agent.rpc("kill", pid=pid, signal=int(signal.SIGKILL))
    bed.recovers()


def fill(h):
    h.run("bash", "-c", 'cat /dev/zero > "$0/filling"', h.state)


def empty(h):
    h.run("rm", "-f", h.state + "/filling")


def test_disk_full(c):
    bed = Bed(c, small_state=[1])
    fill(bed.holder)
    bed.lasts()
    empty(bed.holder)
    bed.recovers()


def test_disk_full_and_engine_killed(c):
    """The next engine cannot join, as it can store nothing, and leaves to others what they have started."""
    bed = Bed(c, small_state=[1])
    fill(bed.holder)
    bed.holder.signal_engine(signal.SIGKILL)
    bed.moves(2)
    empty(bed.holder)
    bed.recovers()


def test_disk_full_and_all_killed(c):
    """What is left is killed all the same."""
    bed = Bed(c, small_state=[1])
    fill(bed.holder)
    bed.holder.signal(signal.SIGKILL)
    bed.moves(2)
    empty(bed.holder)
    bed.recovers()


def test_next_hosts_disk_full_and_host_killed(c):
    """It cannot store a claim: the third takes over, but for what takes a vote, which it cannot store either."""
    bed = Bed(c, small_state=[2])
    fill(bed.lab[2])
    bed.holder.crash()
    bed.moves(3, "peers")
    bed.lasts()
    expect(not living(bed.lives, "majority"), "without a majority it runs nowhere")
    claims = bed.lab[3].log_text().count("majority is claiming")
    expect(claims < 10, "nobody claims it again and again: %d times" % claims)
    empty(bed.lab[2])
    bed.holder.up_by_unit(WATCHDOG)
    bed.recovers()


def lock_state(h):
    for argv in (["mount", "--bind", h.state, h.state], ["mount", "-o", "remount,ro,bind", h.state]):
        p = h.run(*argv)
        expect(p.returncode == 0, "the folder is read-only", p.out)


def unlock_state(h):
    expect(h.run("mount", "-o", "remount,rw,bind", h.state).returncode == 0, "it is writable again")


def test_state_read_only_and_engine_killed(c):
    """No other can begin: the guardian keeps to the deadlines."""
    bed = Bed(c)
    lock_state(bed.holder)
    bed.holder.signal_engine(signal.SIGKILL)
    bed.moves(2)
    unlock_state(bed.holder)
    bed.recovers()


def test_state_read_only_and_all_killed(c):
    bed = Bed(c)
    lock_state(bed.holder)
    bed.holder.signal(signal.SIGKILL)
    bed.moves(2)
    unlock_state(bed.holder)
    bed.recovers()


def test_guardian_out_of_descriptors(c):
    """It can still run `stop` when the host is cut off, and have another engine."""
    bed = Bed(c)
    h = bed.holder
    used = {int(fd) for fd in os.listdir(h.outer() + "/fd")}
    free = min(set(range(len(used) + 1)) - used)
    p = h.run("prlimit", "--pid", str(h.pid), "--nofile=%d:%d" % (free, free))
    expect(p.returncode == 0, "no descriptor is left", p.out)
    h.unplug()
    until(lambda: bed.lab.events(host=1, service="majority", script="stop", phase="end"), "it runs `stop`")
    bed.lasts()
    h.plug()
    h.signal_engine(signal.SIGKILL)
    bed.recovers()
