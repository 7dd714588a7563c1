"""How hosts find each other: S has an address, L and P have none and dial."""
import time

from lab import Service, expect, until

S, L, P = 1, 2, 3


def services():
    return {
        "web": Service([L, S]),          # S runs it until L comes
        "mail": Service([L, P, S]),      # P runs it until L comes
        "mine": Service([L]),
        "keep": Service([S, L, P]),
        "here": Service([P, L]),
    }


WITHOUT_L = {"web": S, "mail": P, "mine": 0, "keep": S, "here": P}
WITH_L = {"web": L, "mail": L, "mine": L, "keep": S, "here": P}


def met(c):
    """S and P are up and stable, then L comes."""
    lab = c.lab("addr:s.lab", "dyn:L", "dyn:P", services=services())
    lab.up(S, P)
    lab.sniff()
    lab.await_linked(S, P)
    lab.await_placed(**WITHOUT_L)
    return lab


def test_dynamic_host_comes(c):
    lab = met(c)
    lab.expect_stable(1.5)
    t = lab[L].up()
    lab.await_placed(**WITH_L)
    lab.await_linked()
    for name, old in (("web", S), ("mail", P)):
        stop = lab.events(t, service=name, host=old, script="stop", phase="end")
        start = lab.events(t, service=name, host=L, script="start", phase="begin")
        expect(len(stop) == 1 and len(start) == 1 and stop[0].t <= start[0].t,
               "%s: one stop at host %d, then one start at L" % (name, old), *lab.events(t, service=name))
    expect(not lab.events(host=L, script="stop"), "L stops nothing", *lab.events(host=L))
    expect(not lab.events(t, service="keep") and not lab.events(t, service="here"),
           "what L is not preferred for is left alone", *lab.events(t))
    # S told P where L connected from: P dialled L, and L never dialled P.
    expect(lab.dials(lab[L], lab[S]), "L dialled S")
    expect(lab.dials(lab[P], lab[L], t), "P dialled L")
    expect(not lab.dials(lab[L], lab[P]), "L did not dial P", *lab.dials(lab[L], lab[P]))
    expect(lab[P].host_view(L)["address"].startswith(lab[L].ip), "P shows where it reached L",
           lab[P].host_view(L))
    before = len(lab.switch.rpc("syns")["syns"])
    lab.expect_stable(3)
    expect(lab.linked(), "all stay linked directly", lab.describe())
    after = lab.switch.rpc("syns")["syns"][before:]
    expect(not after, "linked hosts do not dial again", *after)
    lab.expect_single()


def test_dynamic_host_crashes_and_returns(c):
    lab = met(c)
    lab[L].up()
    lab.await_linked()
    lab.await_placed(**WITH_L)
    t = lab[L].crash()
    lab.await_placed(which=[S, P], **WITHOUT_L)
    for i in (S, P):
        v = lab[i].host_view(L)
        expect(v["state"] == "down", "host %d sees L down" % i, v)
    expect(not lab.events(t, service="keep") and not lab.events(t, service="here"),
           "nothing else moved", *lab.events(t))
    lab.expect_stable()
    lab[L].up()
    lab.await_linked()
    lab.await_placed(**WITH_L)
    lab.expect_single()
    lab.expect_stable()


def test_dynamic_host_silent_and_returns(c):
    lab = met(c)
    lab.two_copies_allowed = True  # in `peers` both sides of a partition run
    lab[L].up()
    lab.await_linked()
    lab.await_placed(**WITH_L)
    t = lab[L].unplug()
    until(lambda: S in lab.holders("web") and P in lab.holders("mail"), "S and P take over", None)
    took = lab.events(t, service="web", host=S, script="start")[0].t - t
    expect(took > lab.dead * 0.5e9, "a silent host is given its dead time; it was %.0f ms" % (took / 1e6))
    # L is alone and keeps everything alive that it may run.
    until(lambda: all(L in lab.holders(n) for n in ("web", "mail", "mine", "keep", "here")), "L runs all it can")
    t = lab[L].plug()
    lab.await_placed(**WITH_L)
    lab.await_linked()
    for name in ("web", "mail", "mine"):
        expect(not lab.events(t, service=name, host=L), "L keeps " + name, *lab.events(t, service=name))
    expect(not lab.events(t, service="keep", host=S) and not lab.events(t, service="here", host=P),
           "the preferred hosts keep theirs", *lab.events(t))
    lab.expect_stable(2)


def test_addressed_host_leaves_the_dynamic_ones(c):
    """P and L stay linked without S, who introduced them."""
    lab = met(c)
    lab[L].up()
    lab.await_linked()
    lab.await_placed(**WITH_L)
    t = lab[S].crash()
    lab.await_placed(which=[L, P], web=L, mail=L, mine=L, keep=L, here=P)
    expect(lab.linked(L, P), "L and P stay linked", lab.describe())
    expect(not lab.events(t, service="web") and not lab.events(t, service="mail"), "they keep theirs")
    lab[S].up()
    lab.await_linked()
    lab.await_placed(**WITH_L)
    lab.expect_single()


def test_dynamic_host_changes_its_address(c):
    lab = met(c)
    lab[L].up()
    lab.await_linked()
    lab.await_placed(**WITH_L)
    lab.two_copies_allowed = True  # unreachable for longer than the dead time, perhaps
    old, new = lab[L].ip, "10.77.0.77"
    lab[L].agent.ip("addr", "add", new + "/24", "dev", "eth0")
    lab[L].agent.ip("addr", "del", old + "/24", "dev", "eth0")
    lab[L].agent.ip("addr", "replace", new + "/24", "dev", "eth0")
    until(lambda: lab.linked() and lab[P].host_view(L)["address"].startswith(new),
          lambda: "L is linked from its new address\n    " + lab.describe(), 30)
    lab.await_placed(**WITH_L)
    time.sleep(0.5)
    lab.await_placed(**WITH_L)
