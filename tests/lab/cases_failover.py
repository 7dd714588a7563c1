"""Hosts that die, fall silent, freeze and return."""
import time

from lab import Service, expect, until


def three(c, preference=(1, 2, 3), **kw):
    lab = c.lab("addr", "addr", "addr", services={"web": Service(preference, **kw)})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=preference[0])
    return lab


def test_first_start_of_all(c):
    """Hosts that have never met, started at once."""
    lab = c.lab("addr", "addr", "addr", services={"web": Service([2, 1, 3])})
    lab.up()
    lab.await_linked()
    lab.await_placed(web=2)
    lab.expect_stable()


def test_cold_start_of_all(c):
    """Whoever starts before the preferred host listens may begin, and hands over: never two copies."""
    lab = three(c)
    two = lab.copies("web")[1]
    expect(two == 0, "hosts that know each other do not both start; %.0f ms" % (two * 1e3), *lab.events())
    lab.expect_stable()


def test_hosts_come_one_by_one(c):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2, 3])})
    lab.acquaint()
    for last in (3, 2, 1):
        lab[last].up()
        lab.await_placed(web=last)
    lab.await_linked()
    lab.expect_single()
    lab.expect_stable()


def test_crash_of_active_host(c):
    lab = three(c)
    t = lab[1].crash()
    lab.await_placed(web=2, which=[2, 3])
    starts = lab.events(t, script="start", phase="begin")
    expect([e.host for e in starts] == [2], "the next in line starts it, once", *starts)
    expect(starts[0].reason == "failover", "reason is failover", *starts)
    expect(starts[0].epoch.isdigit() and int(starts[0].epoch) >= 2, "the epoch grew", *starts)
    lab.expect_stable()
    lab[1].up()
    lab.await_placed(web=1)
    back = lab.events(t, script="start", phase="begin", host=1)
    expect(len(back) == 1 and back[0].reason == "failback", "reason is failback", *back)
    expect(int(back[0].epoch) > int(starts[0].epoch), "the epoch grew again", *back)
    lab.expect_single()
    lab.expect_stable()


def test_crash_of_two_hosts(c):
    lab = three(c)
    lab[1].crash()
    lab[2].crash()
    lab.await_placed(web=3, which=[3])
    lab[2].up()
    lab.await_placed(web=2, which=[2, 3])
    lab[1].up()
    lab.await_placed(web=1)
    lab.await_linked()
    lab.expect_stable()


def test_crash_of_all_and_cold_start(c):
    lab = three(c)
    for h in lab:
        h.crash()
    time.sleep(0.2)
    t = time.time_ns()
    for h in lab:
        h.up()
    lab.await_placed(web=1)
    lab.await_linked()
    two = lab.copies("web", t)[1]
    expect(two == 0, "no two copies; %.0f ms" % (two * 1e3), *lab.events(t))
    lab.expect_stable()


def test_silent_active_host(c):
    lab = three(c)
    lab.two_copies_allowed = True
    t = lab[1].unplug()
    until(lambda: 2 in lab.holders("web"), "the next takes over")
    expect(3 not in lab.holders("web"), "only the next")
    time.sleep(0.5)
    expect(1 in lab.holders("web"), "the cut-off host goes on alone", *lab.events(t))
    t = lab[1].plug()
    lab.await_placed(web=1)
    expect(not lab.events(t, host=1), "the preferred host is left alone", *lab.events(t))
    stops = lab.events(t, host=2, script="stop", phase="begin")
    expect(len(stops) == 1 and stops[0].reason == "lost-ownership", "host 2 stops, saying why", *lab.events(t))
    lab.await_linked()
    lab.expect_stable()


def with_gateway(c, probe):
    """As `three`, with an address outside: that of the switch itself."""
    lab = c.lab("addr", "addr", "addr", services={"web": Service((1, 2, 3)), "local": Service((1,))})
    gateway = lab[1].segment.net + "254"
    lab.conf = 'probe = "%s"\n' % (probe % gateway)
    lab.build_network()
    lab.switch.ip("addr", "add", gateway + "/24", "dev", "br0")
    for h in lab:
        h.write_all()
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1, local=1)
    return lab


def host_that_is_offline(c, probe):
    lab = with_gateway(c, probe)
    lab.two_copies_allowed = True
    t = lab[1].unplug()
    until(lambda: 2 in lab.holders("web"), "the next takes over")
    until(lambda: 1 not in lab.holders("web"), "the host that is offline stops it")
    stops = lab.events(t, host=1, script="stop", phase="begin")
    expect([s.service for s in stops] == ["web"] and stops[0].reason == "lost-ownership",
           "it stops only what others can run, saying why", *lab.events(t))
    expect("this host is offline" in lab[1].log_text(), "it says so")
    lab[1].plug()
    lab.await_placed(web=1, local=1)
    expect("no longer taken for offline" in lab[1].log_text(), "it says that, too")
    lab.await_linked()
    lab.expect_stable()


def test_host_that_is_offline(c):
    host_that_is_offline(c, "%s")


def test_host_that_is_offline_by_tcp(c):
    """Nobody listens there: a refusal is an answer, too."""
    host_that_is_offline(c, "%s:9")


def test_last_host_with_a_gateway(c):
    """All others die; the gateway answers, so it is not this host that is offline."""
    lab = with_gateway(c, "%s")
    t = lab[2].crash()
    lab[3].crash()
    until(lambda: all(lab[1].host_view(i)["state"] == "down" for i in (2, 3)), "both are down")
    time.sleep(2 * lab.dead)
    expect(not lab.events(t, host=1), "host 1 goes on", *lab.events(t))
    expect("offline" not in lab[1].log_text(), "and does not take itself for offline")


def test_silent_idle_host(c):
    lab = three(c)
    lab.two_copies_allowed = True
    t = lab[2].unplug()
    until(lambda: lab[1].host_view(2)["state"] == "down" and lab[3].host_view(2)["state"] == "down", "2 is down")
    until(lambda: 2 in lab.holders("web"), "host 2, alone, starts its own copy")
    lab[2].plug()
    lab.await_placed(web=1)
    lab.await_linked()
    expect(not lab.events(t, host=1) and not lab.events(t, host=3), "1 and 3 run no script", *lab.events(t))
    lab.expect_stable()


def test_frozen_active_daemon(c):
    lab = three(c)
    lab.two_copies_allowed = True
    lab[1].freeze()
    until(lambda: 2 in lab.holders("web"), "the next takes over")
    time.sleep(0.3)
    t = lab[1].thaw()
    lab.await_placed(web=1)
    lab.await_linked()
    expect(not lab.events(t, host=3), "host 3 has nothing to do with it", *lab.events(t))
    lab.expect_stable()


def test_short_freeze_changes_nothing(c):
    lab = three(c)
    for i in (1, 2):
        lab[i].freeze()
        time.sleep(lab.dead / 3)
        lab[i].thaw()
        lab.expect_stable(1)
    lab.await_linked()


def test_partial_partition(c):
    """1 and 2 lose each other, and 3 sees both: nobody is down and nothing moves."""
    lab = three(c)
    lab[1].deafen(lab[2])
    lab[2].deafen(lab[1])
    until(lambda: all((lab[a].host_view(b) or {}).get("path") == "mesh" for a, b in ((1, 2), (2, 1))),
          lambda: "1 and 2 reach each other through 3\n    " + lab.describe())
    expect(lab[1].host_view(2)["state"] == "up" and lab[1].host_view(2)["via"] == 3, "up, via 3", lab[1].host_view(2))
    lab.expect_stable(2)
    expect(lab.agreed({"web": 1}), "all agree where it runs", lab.describe())
    lab[1].crash()
    lab.await_placed(web=2, which=[2, 3])
    lab[1].up()
    lab.await_placed(web=1)
    lab.expect_single()
    lab[1].deafen(lab[2], False)
    lab[2].deafen(lab[1], False)
    lab.await_linked()
    lab.expect_stable()


def test_one_way_loss(c):
    """What 1 sends to 2 is lost; the other direction works."""
    lab = three(c)
    lab[1].deafen(lab[2])
    until(lambda: all((lab[a].host_view(b) or {}).get("path") == "mesh" for a, b in ((1, 2), (2, 1))),
          lambda: "both see that the direct way is gone\n    " + lab.describe())
    lab.expect_stable(1.5)
    lab[1].deafen(lab[2], False)
    lab.await_linked()
    lab.expect_stable()


def test_failback_never(c):
    lab = three(c, conf="failback = never\n")
    lab[1].crash()
    lab.await_placed(web=2, which=[2, 3])
    lab[1].up()
    lab.await_linked()
    lab.expect_stable(2)
    lab.await_placed(web=2)
    lab[2].ctl("move", "web", "1")
    lab.await_placed(web=1)
    lab.expect_single()


def test_failback_after_stability(c):
    lab = three(c, conf="failback = 3s\n")
    lab[1].crash()
    lab.await_placed(web=2, which=[2, 3])
    t = lab[1].up()
    lab.await_linked()
    lab.await_placed(web=1)
    took = (lab.events(t, host=1, script="start", phase="begin")[0].t - t) / 1e9
    expect(took >= 2.7, "it waited for the time of stability; it was %.2f s" % took)
    lab.expect_single()


def test_flapping_link(c):
    lab = three(c)
    lab.two_copies_allowed = True
    for _ in range(4):
        lab[2].unplug()
        time.sleep(lab.dead * 0.5)
        lab[2].plug()
        time.sleep(0.3)
    lab.await_linked()
    lab.await_placed(web=1)
    expect(not lab.events(host=3), "host 3 never ran a script", *lab.events())
    lab.expect_stable()


def test_dead_time_of_the_slower_end(c):
    """Each end announces its times; a link uses the slower of both."""
    lab = c.lab("addr", "addr", services={"web": Service([1, 2])})
    lab.ready()
    path = lab[1].etc + "/cluster.conf"
    with open(path, "w") as f:
        f.write("dead_time = 4\nbeat_interval = 1\n")
    lab.up()
    lab.await_linked()
    lab.await_placed(web=1)
    lab.two_copies_allowed = True
    t = lab[1].unplug()
    until(lambda: 2 in lab.holders("web"), "the next takes over")
    took = (lab.events(t, host=2, script="start", phase="begin")[0].t - t) / 1e9
    expect(took > 2.5, "host 2 waits for the slower dead time; it was %.2f s" % took)
    lab[1].plug()
    lab.await_placed(web=1)
