"""A host is looked after while its services go on: the daemon ends, dies or is replaced, and nobody takes anything over."""
import signal

from cases_campaign import WATCHDOG, Bed
from copies import living
from lab import expect, until


class Kept(Bed):
    """As the campaign's bed, with its holder in maintenance."""

    def __init__(self, c, by=2):
        super().__init__(c)
        self.lab[by].ctl("maintenance", "on", "1")
        until(lambda: all(v["hosts"][0]["maintenance"] for v in (h.status() for h in self.lab)),
              "every host sees host 1 in maintenance")

    def down(self):
        until(lambda: self.lab[2].status()["hosts"][0]["state"] == "down", "host 1 is down")

    def stays(self, seconds):
        """Both live on host 1, and there alone."""
        self.lasts(seconds)
        for name in self.lab.services:
            expect(living(self.lives, name) == {1}, "%s still runs on host 1 alone: %s" % (name, living(self.lives, name)))

    def ends(self, by=1):
        self.lab[by].ctl("maintenance", "off", "1")
        self.recovers()
        for name in self.lab.services:
            starts = self.lab.events(service=name, script="start", phase="begin")
            expect(len(starts) == 1, "%s was started once: %s" % (name, starts))


def test_daemon_ends_and_begins(c):
    bed = Kept(c)
    bed.holder.signal(signal.SIGTERM)
    bed.down()
    bed.stays(3)
    p = bed.lab[2].ctl("explain", "majority")
    expect("stays on" in p.stdout and "in maintenance" in p.stdout, "explain says why", p.out)
    bed.holder.up_by_unit(WATCHDOG)
    bed.lab.await_linked()
    bed.stays(1)
    bed.ends()


def test_both_processes_killed(c):
    """What the unit runs then spares what is left alone."""
    bed = Kept(c)
    bed.holder.signal(signal.SIGKILL)
    bed.stays(3)
    bed.lab.await_linked()
    bed.ends(by=3)


def test_engine_killed(c):
    bed = Kept(c)
    bed.holder.signal_engine(signal.SIGKILL)
    bed.stays(3)
    bed.ends()


def test_cut_off(c):
    """Its lease has no end: it goes on, and nobody else starts it."""
    bed = Kept(c)
    bed.holder.unplug()
    bed.down()
    bed.stays(3)
    p = bed.holder.ctl("maintenance", "off", ok=False)
    expect(p.returncode == 1 and "majority" in p.out, "it cannot end, as no majority answers", p.out)
    bed.holder.plug()
    bed.lab.await_linked()
    bed.ends(by=2)


def test_orders_are_refused(c):
    bed = Kept(c)
    for words in (("stop", "majority"), ("move", "peers", "2"), ("restart", "peers"), ("disable", "majority"), ("standby", "1")):
        p = bed.lab[3].ctl(*words, ok=False)
        expect(p.returncode == 1 and "maintenance" in p.out, "%s is refused" % " ".join(words), p.out)
    bed.stays(1)
    bed.ends()


def test_ended_for_a_dead_host(c):
    bed = Kept(c)
    bed.holder.crash()
    bed.down()
    bed.lasts()
    expect(not any(living(bed.lives, s) for s in bed.lab.services), "nothing of it is started")
    bed.lab[3].ctl("maintenance", "off", "1")
    bed.moves(2)
    bed.holder.up_by_unit(WATCHDOG)
    bed.recovers()
