"""The routers of this lab themselves: what they pass, what they answer, whom they let meet. No daemon runs."""
import os
import threading
import time

from lab import HERE, PORT, PYTHON, Nat, expect, until

PROBE = os.path.join(HERE, "probe.py")
S, L, P = 1, 2, 3
ECHO = 7001


def network(c, a=None, b=None, **kw):
    lab = c.lab("addr", "dyn:L@a", "dyn:P@b", routers={"a": a or Nat(), "b": b or Nat()}, **kw)
    lab.build_network()
    for h in lab:
        h.spawn([PYTHON, PROBE, "serve", str(ECHO)])
    for h in lab:
        until(lambda: dial(h, "127.0.0.1").startswith("open"), "host %d serves" % h.i)
    return lab


def probe(h, *argv):
    p = h.run(PYTHON, PROBE, *map(str, argv))
    expect(p.returncode == 0, "probe %s" % (argv,), p.out)
    return p.stdout.strip()


def dial(h, ip, port=ECHO, own=0):
    return probe(h, "dial", ip, port, own)


def said(got, wanted, what):
    expect(got == wanted, "%s: %s, not %s" % (what, wanted, got))


def test_hosts_behind_a_router_reach_out_and_nobody_reaches_in(c):
    """L and P see S, S sees the routers' addresses, and no private address leads anywhere."""
    lab = network(c)
    a, b = lab.routers["a"], lab.routers["b"]
    said(dial(lab[L], lab[S].ip, own=PORT), "open %s:%d" % (a.ip, PORT), "L to S, its port preserved")
    said(dial(lab[P], lab[S].ip, own=PORT), "open %s:%d" % (b.ip, PORT), "P to S, its port preserved")
    said(dial(lab[S], a.ip), "silent", "S to L's router")
    said(dial(lab[L], b.ip), "silent", "L to P's router")
    said(dial(lab[L], lab[P].ip), "silent", "L to P's private address")
    expect(not dial(lab[S], lab[L].ip).startswith("open"), "S reaches no private address")


def test_two_hosts_behind_one_router(c):
    """They reach each other without it, and outside one of them loses its port to the other."""
    lab = c.lab("addr", "dyn:L@a", "dyn:P@a", routers={"a": Nat()})
    lab.build_network()
    for i in (S, P):
        lab[i].spawn([PYTHON, PROBE, "serve", str(ECHO)])
    until(lambda: dial(lab[L], lab[P].ip, own=PORT) == "open %s:%d" % (lab[L].ip, PORT), "L to P, seen as itself")
    until(lambda: dial(lab[L], lab[S].ip).startswith("open"), "S serves")
    held = os.path.join(lab.dir, "never")
    lab[L].spawn([PYTHON, PROBE, "hold", lab[S].ip, str(ECHO), held])
    said(dial(lab[L], lab.routers["a"].ip), "refused", "their own router from inside")
    seen = dial(lab[L], lab[S].ip, own=PORT), dial(lab[P], lab[S].ip, own=PORT)
    expect(seen[0].endswith(":%d" % PORT) and seen[1].startswith("open %s:" % lab.routers["a"].ip), "both reach S", seen)
    expect(not seen[1].endswith(":%d" % PORT), "P is seen at another port", seen)


def test_kinds_of_router(c):
    """A router of each kind treats ports, and those nobody asked for, as its name says."""
    lab = network(c)
    a = lab.routers["a"]
    a.become(Nat(unasked="rst"))
    said(dial(lab[S], a.ip), "refused", "a router that answers resets")
    for ports in ("random", "fully-random"):
        a.become(Nat(ports))
        seen = dial(lab[L], lab[S].ip, own=PORT)
        expect(seen.startswith("open %s:" % a.ip) and not seen.endswith(":%d" % PORT), ports, seen)
        said(dial(lab[S], a.ip), "silent", "a router that drops")
    a.forward(lab[L], ECHO)
    said(dial(lab[S], a.ip).split(":")[0], "open " + lab[S].ip, "a forwarded port")


def both_open(lab, tries, late=0.0):
    """L and P open at once, each from the port that S saw; what each of them got."""
    got, port = {}, PORT + 1 + int(late * 10)

    def one(i, router, wait):
        time.sleep(wait)
        got[i] = probe(lab[i], "open", router.ip, port, port, tries)
    threads = [threading.Thread(target=one, args=x) for x in (
        (L, lab.routers["b"], 0), (P, lab.routers["a"], late))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return got


def test_opening_at_once_through_routers_that_preserve_ports(c):
    """One try is enough, also when one side comes later."""
    lab = network(c)
    for late in (0, 0.5):
        got = both_open(lab, 1, late)
        expect(got == {L: "open", P: "open"}, "%.1f s apart" % late, got)


def test_opening_at_once_through_routers_that_answer_resets(c):
    """A refusal means: again."""
    lab = network(c, Nat(unasked="rst"), Nat(unasked="rst"), delay=20)
    got = both_open(lab, 40)
    expect(got == {L: "open", P: "open"}, "in the end", got)


def test_opening_at_once_through_a_router_that_chooses_ports(c):
    """It never works: what S saw is not where the router opens for P."""
    for ports in ("random", "fully-random"):
        lab = network(c, Nat(ports))
        got = both_open(lab, 2)
        expect("open" not in got.values(), ports, got)


def hold_through(lab, event):
    """What an idle connection of L's with S got after the event."""
    go = os.path.join(lab.dir, "go")
    log = "held-%d" % time.time_ns()
    path = os.path.join(lab[L].dir, log)
    lab[L].spawn([PYTHON, PROBE, "hold", lab[S].ip, str(ECHO), go], log=log)

    def lines():
        with open(path) as f:
            return f.read().split("\n")[:-1]
    until(lambda: "held" in lines(), "it is connected")
    event()
    open(go, "w").close()
    until(lambda: len(lines()) > 1, "it said what it got")
    os.unlink(go)
    return lines()[1]


def test_router_restarts(c):
    """A lenient one picks up what it finds passing, a strict one is silent, one that chooses ports breaks it."""
    lab = network(c)
    a = lab.routers["a"]
    said(hold_through(lab, a.restart), "works", "lenient")
    said(hold_through(lab, lambda: a.restart(strict=True)), "silent", "strict")
    a.restart()
    a.become(Nat("fully-random"))
    expect(hold_through(lab, a.restart) in ("Connection reset by peer", "closed"), "with other ports it is reset")


def test_router_is_cut_off_or_gets_another_address(c):
    """Cut, it is silent and heals; from its new address it dials anew, and the old one is nobody's."""
    lab = network(c)
    a, b = lab.routers["a"], lab.routers["b"]

    def blink():
        a.cut()
        said(dial(lab[L], lab[S].ip), "silent", "cut")
        a.heal()
    said(hold_through(lab, blink), "works", "healed")
    a.forward(lab[L], ECHO)
    a.part(b)
    said(dial(lab[P], a.ip), "silent", "parted")
    said(dial(lab[P], lab[S].ip).split(":")[0], "open " + b.ip, "S is still there")
    a.rejoin(b)
    said(dial(lab[P], a.ip).split(":")[0], "open " + b.ip, "rejoined")
    old, new = a.ip, lab.public.net + "150"
    expect(hold_through(lab, lambda: a.readdress(new)) != "works", "its connections end")
    said(dial(lab[L], lab[S].ip, own=PORT), "open %s:%d" % (new, PORT), "L to S from the new address")
    expect(not dial(lab[S], old).startswith("open"), "the old one is nobody's")


def test_host_roams(c):
    """L moves to P's LAN, to the public switch, and home again."""
    lab = network(c)
    a, b = lab.routers["a"], lab.routers["b"]
    lab[L].roam("b")
    said(dial(lab[L], lab[P].ip).split(":")[0], "open " + lab[L].ip, "in P's LAN")
    said(dial(lab[L], lab[S].ip).split(":")[0], "open " + b.ip, "out of P's router")
    lab[L].roam()
    said(dial(lab[S], lab[L].ip).split(":")[0], "open " + lab[S].ip, "on the public switch")
    lab[L].roam("a")
    said(dial(lab[L], lab[S].ip).split(":")[0], "open " + a.ip, "home again")


def test_switch_that_takes_its_time(c):
    """20 ms one way are 40 there and back, and large frames arrive whole."""
    lab = network(c, delay=20)
    t = time.monotonic()
    p = lab[L].run("bash", "-c", "exec 3<>/dev/tcp/%s/%d; read -u 3; printf %%060000d >&3; head -c 60000 <&3 | wc -c" % (
        lab[S].ip, ECHO))
    expect(p.stdout.strip() == "60000", "all of it came back", p.out)
    took = time.monotonic() - t
    expect(took > 0.08, "two round trips took %.0f ms" % (took * 1e3))
