"""Two laptops behind routers, L and P, and S with an address: by a relay at once, and directly where that can be."""
import time

from lab import Nat, expect, until
from nat import (DIRECT_WITHIN, L, P, S, SERVICES, THIRD, arrival, await_path, begun, down_at_most, lab_of, met, nobody_down,
                 on_path, reached, reached_at, round_trip, syns, untouched)

CROSSING = 20       # ms one way: without any, no two dials are ever under way at once, and a refusal comes first
AGAIN_WITHIN = 15   # s until a pair is direct again after what broke it is over
OPENING_TIME = 16   # s that three tries take at most, with what is between them (at the lab's dead time)
OPENING_SYNS = 40   # what both may send each other meanwhile: few dials, each sent again each second by the kernel
QUIET_SYNS = 6      # and in the 4 s after


def direct_pair(c, a=None, b=None, **kw):
    lab = begun(lab_of(c.lab, a, b, **kw))
    return lab, met(lab)


def stays_relayed(c, a, b):
    lab = begun(lab_of(c.lab, a, b))
    t = met(lab, "relay")
    time.sleep(OPENING_TIME)
    opened = syns(lab)
    mark = time.time_ns()
    time.sleep(4)
    again = syns(lab, mark)
    expect(on_path(lab, "relay", via=S), "they stay relayed by S", lab.describe())
    expect(not lab.watched.first(L, P, ("direct",)), "and never were direct")
    nobody_down(lab)
    untouched(lab, t)
    print("%d dials, then %d" % (len(opened), len(again)))
    expect(len(opened) <= OPENING_SYNS, "they tried to open with %d dials" % len(opened), *opened)
    expect(len(again) <= QUIET_SYNS, "then they hammer, with %d dials in 4 s" % len(again), *again)


def test_two_laptops_meet_behind_home_routers(c):
    """P comes: it speaks with L through S at once, then directly, while every service stays where it belongs."""
    lab = begun(lab_of(c.lab))
    t = time.time_ns()
    met(lab)
    untouched(lab, t, "web")
    moved = [(e.host, e.script) for e in lab.events(t, service="mail", phase="end")]
    expect(moved == [(L, "stop"), (P, "start")], "mail was handed over once", *lab.events(t, service="mail"))
    mark = time.time_ns()
    lab.expect_stable(2)
    expect(on_path(lab, "direct"), "they stay direct", lab.describe())
    expect(not syns(lab, mark), "and dial no more", *syns(lab, mark))
    nobody_down(lab)


def test_far_laptops_see_what_the_relay_costs(c):
    """With 10 ms from everybody to everybody the relayed round trip is twice the direct one."""
    lab = begun(lab_of(c.lab, delay=10))
    met(lab)
    until(lambda: 18 <= round_trip(lab, L, P) <= 36, lambda: "the direct round trip takes 20 ms; %s" % lab[L].host_view(P), 5)
    lab.routers["a"].part(lab.routers["b"])
    await_path(lab, "relay", DIRECT_WITHIN, via=S)
    until(lambda: 36 <= round_trip(lab, L, P) <= 80, lambda: "the relayed one 40; %s" % lab[L].host_view(P), 5)


def test_one_router_chooses_ports(c):
    """P's router gives each connection another port: the two stay relayed, and do not hammer."""
    stays_relayed(c, Nat(), Nat("fully-random"))


def test_both_routers_choose_ports(c):
    """Neither can be opened: relayed it is."""
    stays_relayed(c, Nat("random"), Nat("fully-random"))


def test_routers_answer_resets(c):
    """A refusal by a router is no refusal by the host: they still become direct."""
    lab, t = direct_pair(c, Nat(unasked="rst"), Nat(unasked="rst"), delay=CROSSING)
    nobody_down(lab)
    untouched(lab, t)


def test_one_router_answers_resets(c):
    """Only one of them refuses; the other is silent."""
    lab, _ = direct_pair(c, Nat(), Nat(unasked="rst"), delay=CROSSING)
    nobody_down(lab)


def test_both_in_one_home(c):
    """Behind one router they reach each other by their own addresses."""
    lab = begun(lab_of(c.lab, homes=("a", "a")))
    met(lab)
    for by, of in ((L, P), (P, L)):
        expect(reached_at(lab, by, of) == lab[of].ip, "host %d reaches the other in the LAN" % by, lab[by].host_view(of))
    nobody_down(lab)


def test_two_homes_with_the_same_addresses(c):
    """L's and P's routers hand out the very same address; each dials itself by it, and nobody is confused."""
    lab = lab_of(c.lab, Nat(net="192.168.1."), Nat(net="192.168.1."))
    lab[P].ip = lab[L].ip
    begun(lab)
    t = met(lab)
    lab.expect_stable(1)
    untouched(lab, t)
    nobody_down(lab)


def test_three_laptops_in_two_homes(c):
    """M lives with L, and loses its port to it outside: whatever path each pair finds, all are up and stay so."""
    lab = lab_of(c.lab, more=("dyn:M@a",))
    begun(lab, S, L, THIRD)
    met(lab)
    until(lambda: on_path(lab, "direct", (THIRD, P)) or on_path(lab, "relay", (THIRD, P), via=S),
          lambda: "M and P reach each other; " + lab.describe())
    await_path(lab, "direct", DIRECT_WITHIN, (L, THIRD))
    t = time.time_ns()
    lab.expect_stable(3)
    expect(len(syns(lab, t)) <= QUIET_SYNS, "M and P do not hammer", *syns(lab, t))
    nobody_down(lab)


def forwarded(c, a, b, who):
    lab = lab_of(c.lab, a, b)
    lab.build_network()
    lab.routers[lab[who].home].forward(lab[who])
    for h in lab:
        h.write_all()
    begun(lab)
    met(lab)
    nobody_down(lab)
    return lab


def test_newcomers_port_is_forwarded(c):
    """P's router passes its port on; L, whose router chooses ports, dials it there."""
    lab = forwarded(c, Nat("fully-random"), Nat(), P)
    expect(reached_at(lab, L, P) == lab.routers["b"].ip, "at the forwarded port", lab[L].host_view(P))


def test_older_hosts_port_is_forwarded(c):
    """L's router passes its port on; P, whose router chooses ports, dials it there."""
    lab = forwarded(c, Nat(), Nat("fully-random"), L)
    expect(reached_at(lab, P, L) == lab.routers["a"].ip, "at the forwarded port", lab[P].host_view(L))


def test_router_restarts_leniently(c):
    """P's router is away for a moment and picks up what it finds passing: nobody notices."""
    lab, t = direct_pair(c)
    lab.routers["b"].restart()
    time.sleep(2 * lab.dead)
    await_path(lab, "direct", AGAIN_WITHIN)
    untouched(lab, t)
    nobody_down(lab)


def test_router_restarts_strictly(c):
    """P's router forgets all and passes nothing but what begins anew: all links of P's are silent, and made again."""
    lab, t = direct_pair(c)
    lab.two_copies_allowed = True  # unreachable for longer than the dead time, perhaps
    lab.routers["b"].restart(strict=True)
    time.sleep(2 * lab.dead)
    await_path(lab, "direct", AGAIN_WITHIN)
    down_at_most(lab, lab.dead, t)
    lab.await_placed(web=L, mail=P)


def test_router_that_chooses_ports_restarts(c):
    """The relayed session breaks with the link below it, and comes again with it."""
    lab = begun(lab_of(c.lab, b=Nat("fully-random")))
    t = met(lab, "relay")
    lab.two_copies_allowed = True  # as above
    lab.routers["b"].restart()
    time.sleep(2 * lab.dead)
    await_path(lab, "relay", AGAIN_WITHIN, via=S)
    down_at_most(lab, lab.dead, t)
    lab.await_placed(web=L, mail=P)


def test_router_gets_another_address(c):
    """P's provider gives its router a new address in the night: L finds it there."""
    lab, t = direct_pair(c)
    lab.two_copies_allowed = True  # as above
    lab.routers["b"].readdress(lab.public.net + "150")
    until(lambda: on_path(lab, "direct") and reached_at(lab, L, P) == lab.routers["b"].ip,
          lambda: "L reaches P at its router's new address; %s\n    %s" % (lab[L].host_view(P), lab.describe()), AGAIN_WITHIN)
    down_at_most(lab, lab.dead + 1, t)
    lab.await_placed(web=L, mail=P)


def test_laptop_roams(c):
    """P goes to a third home, into L's, and out to the public: by each way it is direct again."""
    lab, _ = direct_pair(c, routers={"c": Nat()})
    lab.two_copies_allowed = True  # as above
    for home, ip in (("c", lab.routers["c"].ip), ("a", None), ("", None)):
        t = lab[P].roam(home)
        ip = ip or lab[P].ip
        until(lambda: on_path(lab, "direct") and on_path(lab, "direct", (S, P)) and reached_at(lab, L, P) == ip,
              lambda: "P is direct again from %s; %s\n    %s" % (ip, lab[L].host_view(P), lab.describe()), AGAIN_WITHIN)
        print("at %s after %.1f s" % (ip, (time.time_ns() - t) / 1e9))
    lab.await_placed(web=L, mail=P)


def test_name_leads_elsewhere(c):
    """S moves and its name follows a little later: the laptops find it, and never lose each other."""
    lab, t = direct_pair(c)
    lab.two_copies_allowed = True  # as above
    lab[S].roam(ip=lab.public.net + "77")
    time.sleep(1)
    lab.write_names()
    until(lambda: all(reached(lab, x, S) == reached(lab, S, x) == "direct" for x in (L, P)),
          lambda: "both reach S at its new address\n    " + lab.describe(), AGAIN_WITHIN)
    print("after %.1f s" % ((time.time_ns() - t) / 1e9))
    nobody_down(lab, but=(S,))
    untouched(lab, t)


def test_introducer_dies_under_a_direct_pair(c):
    """S brought them together; they do without it."""
    lab, t = direct_pair(c)
    lab[S].crash()
    time.sleep(2 * lab.dead)
    expect(on_path(lab, "direct"), "they stay direct", lab.describe())
    nobody_down(lab, but=(S,))
    untouched(lab, t)


def relay_lost(c, lose):
    lab = begun(lab_of(c.lab, b=Nat("fully-random"), more=("addr:t.lab",)), S, L, THIRD)
    arrival(lab, direct=False)
    lab.await_placed(web=L, mail=P)
    await_path(lab, "relay", DIRECT_WITHIN)
    t = time.time_ns()
    relay = reached(lab, L, P, via=True)[1]
    other = S + THIRD - relay
    lose(lab[relay])
    lab.two_copies_allowed = True  # a silent host goes on with what it may
    await_path(lab, "relay", 3 * lab.dead + DIRECT_WITHIN, via=other)
    print("by host %d instead of %d after %.1f s" % (other, relay, (time.time_ns() - t) / 1e9))
    nobody_down(lab, but=(relay,))
    for s in SERVICES:
        expect(not [e for e in lab.events(t, service=s) if e.host in (L, P)], s + " stays", *lab.events(t, service=s))


def test_relay_dies_under_the_pair(c):
    """S dies while L and P speak through it: they go on through T."""
    relay_lost(c, lambda h: h.crash())


def test_relay_falls_silent_under_the_pair(c):
    """S is cut off without a word: the same, once it has been missed."""
    relay_lost(c, lambda h: h.unplug())


def test_pair_is_parted_and_rejoined(c):
    """Something between the two routers breaks, S still sees both: relayed meanwhile, direct again afterwards."""
    lab, t = direct_pair(c)
    a, b = lab.routers["a"], lab.routers["b"]
    a.part(b)
    await_path(lab, "relay", lab.dead + DIRECT_WITHIN, via=S)
    print("relayed after %.1f s" % ((time.time_ns() - t) / 1e9))
    lab.expect_stable(2)
    back = a.rejoin(b)
    await_path(lab, "direct", AGAIN_WITHIN)
    print("direct again after %.1f s" % ((time.time_ns() - back) / 1e9))
    nobody_down(lab)
    untouched(lab, t)


def test_laptops_router_is_cut_off_and_returns(c):
    """P is alone for three dead times, then back: directly, in the end."""
    lab, _ = direct_pair(c)
    lab.two_copies_allowed = True  # both sides of a partition run
    b = lab.routers["b"]
    b.cut()
    time.sleep(3 * lab.dead)
    t = b.heal()
    await_path(lab, "direct", AGAIN_WITHIN)
    print("direct after %.1f s" % ((time.time_ns() - t) / 1e9))
    lab.await_placed(web=L, mail=P)
