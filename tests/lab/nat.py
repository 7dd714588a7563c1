"""Two dynamic hosts behind routers, and an addressed one between them: how they come, and by which path they reach each other."""
import time

from lab import Nat, Service, expect, until

S, L, P, THIRD = 1, 2, 3, 4
SERVICES = {"web": (L, P, S), "mail": (P, L, S)}
RELAYED_WITHIN, DIRECT_WITHIN = 8, 20  # s, on a machine that is busy and for hosts that have never met; three tries to open begin within 16


def lab_of(make, a=None, b=None, homes=("a", "b"), more=(), routers=None, **kw):
    """S on the public switch, L and P behind routers a and b."""
    return make("addr:s.lab", "dyn:L@" + homes[0], "dyn:P@" + homes[1], *more,
                services={n: Service(p) for n, p in SERVICES.items()},
                routers=dict({"a": a or Nat(), "b": b or Nat()}, **(routers or {})), **kw)


def begun(lab, *early):
    """Those who are there before P are linked and placed; then lab.watched is looked at."""
    early = early or (S, L)
    lab.up(*early)
    lab.sniff()
    until(lambda: reached(lab, L, S) == "direct" and reached(lab, S, L) == "direct", lambda: "L reaches S\n    " + lab.describe())
    lab.await_placed(web=L, mail=L, which=early)
    lab.watched = lab.watch(every=0.02)
    return lab


def reached(lab, by, of, via=False):
    """The path, or (path, via); None while it is down."""
    v = lab[by].host_view(of)
    if not v or v["state"] != "up":
        return (None, None) if via else None
    return (v["path"], v["via"]) if via else v["path"]


def reached_at(lab, by, of):
    """The address, without the port; "" where there is none."""
    v = lab[by].host_view(of)
    return (v and v["address"] or "").partition(":")[0]


def round_trip(lab, by, of):
    """ms, 0 while it is not known."""
    v = lab[by].host_view(of)
    return v and v["rtt_ms"] or 0


def on_path(lab, path, pair=(L, P), via=None):
    """Both say so, and know how long a round trip takes."""
    for by, of in (pair, pair[::-1]):
        v = lab[by].host_view(of)
        if not v or v["state"] != "up" or v["path"] != path or v["rtt_ms"] is None or (via and v["via"] != via):
            return False
    return True


def await_path(lab, path, timeout, pair=(L, P), via=None):
    until(lambda: on_path(lab, path, pair, via), lambda: "hosts %d and %d reach each other by %s%s, with a round trip's time; %s" % (
        *pair, path, " via %d" % via if via else "", lab.describe()), timeout)


def arrival(lab, late=P, early=L, direct=True, timeout=DIRECT_WITHIN):
    """Starts `late`; ms from exec until both reach each other relayed or better, and directly (None unless asked)."""
    if not lab[late].bus_pid:
        lab[late].bus_up()
    w = lab.watch(late, early, every=0.002)
    t = lab[late].up()

    def after(*paths):
        both = [w.first(by, of, paths, t) for by, of in ((late, early), (early, late))]
        return None if None in both else (max(both) - t) / 1e6
    try:
        until(lambda: after("relay", "direct"), lambda: "hosts %d and %d reach each other by a relay; %s" % (
            early, late, lab.describe()), RELAYED_WITHIN)
        if direct:
            until(lambda: after("direct"), lambda: "hosts %d and %d reach each other directly; %s" % (
                early, late, lab.describe()), timeout)
    finally:
        w.stop()
        lab.watches.remove(w)
    return after("relay", "direct"), after("direct")


def met(lab, path="direct", t=None):
    """P comes too, and the two have ended on that path; says how long it took."""
    relayed, direct = arrival(lab, direct=path == "direct")
    print("relayed after %.0f ms%s" % (relayed, ", direct after %.0f ms" % direct if direct else ""))
    lab.await_placed(web=L, mail=P)
    await_path(lab, path, DIRECT_WITHIN)
    return time.time_ns()


def nobody_down(lab, since=0, but=()):
    lapses = [x for x in lab.watched.lapses(since) if x[1].of not in but and x[1].by not in but]
    expect(not lapses, "nobody was ever said to be down", *["%.2f s: %r" % x for x in lapses])


def down_at_most(lab, seconds, since):
    lapses = lab.watched.lapses(since)
    expect(all(x[0] <= seconds for x in lapses), "nobody was down for more than %.1f s" % seconds,
           *["%.2f s: %r" % x for x in lapses])
    if lapses:
        print("down for %.2f s at most" % max(x[0] for x in lapses))


def untouched(lab, since, *services):
    for s in services or SERVICES:
        expect(not lab.events(since, service=s), s + " was left alone", *lab.events(since, service=s))


def syns(lab, since=0):
    """What the pair's routers dialled at each other."""
    a, b = lab.routers["a"], lab.routers["b"]
    return sorted(lab.dials(a, b, since) + lab.dials(b, a, since))
