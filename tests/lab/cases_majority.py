"""Services with ownership majority: never two copies, and none for long where a majority lives."""
import signal
import time

from lab import DEAD, Service, expect, until

MARGIN = 0.5  # s
CONF = "ownership = majority\nfence_margin = %g\n" % MARGIN


def three(c, **kw):
    lab = c.lab("addr", "addr", "addr", services={"db": Service([1, 2, 3], conf=CONF, **kw)})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(db=1)
    return lab


def test_first_start_and_what_status_says(c):
    lab = three(c)
    view = lab[2].service_view("db")
    expect((view["ownership"], view["dead_time"], view["fence_margin"]) == ("majority", DEAD, MARGIN), "both are named", view)
    expect(all(h["votes"] for h in lab[3].status()["hosts"]), "all vote")
    told = lab[3].ctl("explain", "db").out
    expect("at the earliest 2 s" in told, "explain says when another may start it", told)
    lab.expect_stable(3 * DEAD)


def test_crash_of_active_host(c):
    lab = three(c)
    lab[1].crash()
    lab.await_placed(db=2, which=[2, 3])
    lab[1].up()
    lab.await_linked()
    lab.await_placed(db=2)
    lab.expect_stable()


def test_silent_active_host(c):
    """It stops by itself what it can no longer have renewed; the others start it once its lease has ended."""
    lab = three(c)
    t = lab[1].unplug()
    lab.await_placed(db=2, which=[2, 3])
    stop = lab.events(t, host=1, script="stop", phase="end")
    start = lab.events(t, host=2, script="start", phase="begin")
    expect(stop and stop[0].reason == "lost-ownership", "host 1 stops, saying why", *lab.events(t))
    expect(stop[0].t < start[0].t, "before host 2 starts", *lab.events(t))
    log = lab[2].log_text()
    expect("service db is stopped: 10.77.0.2 is the most preferred host that is up and able, but waits until what 10.77.0.1 was "
           "granted has run out" in log, "host 2 says what it waits for", log)
    lab[1].plug()
    lab.await_linked()
    lab.await_placed(db=2)
    lab.expect_stable()


def test_minority_runs_nothing(c):
    lab = three(c)
    for i in (2, 3):
        lab[i].unplug()
    until(lambda: lab.holders("db") == set(), "nobody runs it")
    time.sleep(3 * DEAD)
    expect(lab.holders("db") == set(), "and nobody starts it", *lab.events())
    told = lab[1].ctl("explain", "db").out
    expect("no majority" in told, "host 1 says why", told)
    lab[2].plug()
    until(lambda: lab.holders("db"), "two of three are enough")
    lab[3].plug()
    lab.await_linked()
    lab.expect_stable()


def test_partial_partition_moves_nothing(c):
    lab = three(c)
    lab[1].deafen(lab[2])
    lab[2].deafen(lab[1])
    lab.expect_stable(3 * DEAD)


def test_one_way_loss(c):
    """Host 1 is heard and hears nobody: its renewals get no answer, so it stops before another starts."""
    lab = three(c)
    for i in (2, 3):
        lab[i].deafen(lab[1])
    until(lambda: lab.holders("db") & {2, 3}, "another takes over")
    for i in (2, 3):
        lab[i].deafen(lab[1], False)
    lab.await_linked()
    lab.expect_stable()


def test_engines_die_one_after_the_other(c):
    lab = three(c)
    t = time.time_ns()
    for h in lab:
        h.signal_engine(signal.SIGKILL)
        time.sleep(1)
    lab.await_linked()
    lab.await_placed(db=1)
    expect(not lab.events(t), "nothing is interrupted", *lab.events(t))


def test_engine_that_stands_still(c):
    lab = three(c)
    lab[1].signal_engine(signal.SIGSTOP)
    until(lambda: lab[1].service_view("db", None) is not None and lab.holders("db"), "it runs again somewhere")
    time.sleep(DEAD + MARGIN)
    lab.await_linked()
    lab.expect_stable()


def test_move_and_clear(c):
    lab = three(c)
    for where in (2, 3, 1):
        lab[2].ctl("move", "db", str(where))
        lab.await_placed(db=where)
    lab[3].ctl("clear", "db")
    lab.expect_stable()


def test_shutdown_of_all_and_cold_start(c):
    lab = three(c)
    for h in lab:
        h.signal(signal.SIGTERM)
    for h in lab:
        h.wait_exit()
    expect(lab.holders("db") == set(), "all has been stopped", *lab.events())
    t = time.time_ns()
    for i in (3, 1, 2):
        lab[i].up()
        time.sleep(0.2)
    lab.await_linked()
    until(lambda: lab.holders("db"), "it runs, with no manual step")
    epochs = [int(e.epoch) for e in lab.events(t, script="start", phase="begin")]
    before = [int(e.epoch) for e in lab.events() if e.t < t and e.script == "start"]
    expect(min(epochs) > max(before), "the epoch of before is known", *lab.events())


def test_stop_that_hangs_without_a_majority(c):
    """All of the service is killed before its lease ends, what it left behind in the background, too."""
    beat = "setsid sh -c 'while :; do date +%s%N >> $CLUSTER_STATE_DIR/beats; sleep 0.01; done' >/dev/null 2>&1 &\n"
    lab = three(c, start=beat, stop="[ $CLUSTER_REASON != lost-ownership ] || sleep 60\n")
    lab.two_copies_allowed = True  # as the journal has it: a stop that is killed writes no end
    t = lab[1].unplug()
    start = until(lambda: lab.events(t, host=2, script="start", phase="begin"), "host 2 starts it")[0]
    with open(lab[1].state + "/beats") as f:
        last = int(f.read().split()[-1])
    expect(last < start.t, "nothing of it lives on host 1 by then: %.0f ms" % ((last - start.t) / 1e6))
    lab[1].plug()
    lab.await_linked()


def vote(lab, count, *which):
    """Each of these hosts says that so many vote, by one set that counts alone."""
    said = [(lab[i].status() or {}).get("voters") for i in which]
    return all(v and len(v["names"]) == count and not v["before"] for v in said)


def three_of_four(c):
    """Hosts 1 to 3, whose hosts files do not name the fourth yet; and these files."""
    lab = c.lab("addr", "addr", "addr", "addr", services={"db": Service([1, 2, 3], conf=CONF)})
    lab.acquaint()
    lines = lab.hosts_text().splitlines()
    shorter = "\n".join(lines[:3] + ["#" + lines[3]]) + "\n"
    for i in (1, 2, 3):
        lab[i].write_hosts(shorter)
        lab[i].up()
    lab.await_linked(1, 2, 3)
    lab.await_placed(db=1, which=[1, 2, 3])
    until(lambda: vote(lab, 3, 1, 2, 3), "three vote")
    return lab, shorter


def test_hosts_are_added_and_removed(c):
    """The voters follow the hosts file, while the service runs on: three hosts, four, and three again."""
    lab, shorter = three_of_four(c)
    t = time.time_ns()
    lab[4].up()
    for i in (1, 2, 3):
        lab[i].write_hosts()
        lab[i].reload()
    lab.await_linked()
    until(lambda: vote(lab, 4, 1, 2, 3, 4), "four vote", timeout=60)
    expect(not lab.events(t), "nothing is interrupted", *lab.events(t))
    told = lab[2].ctl("status").out
    expect("(set 2)" in told, "status says who votes", told)

    lab[4].kill()
    for i in (1, 2, 3):
        lab[i].write_hosts(shorter)
        lab[i].reload()
    until(lambda: vote(lab, 3, 1, 2, 3), "three vote again", timeout=60)
    lab[3].unplug()
    time.sleep(3 * DEAD)
    expect(lab.holders("db") == {1}, "two of three are a majority", *lab.events(t))
    expect(not lab.events(t), "and nothing was interrupted", *lab.events(t))


def test_daemons_die_while_the_voters_change(c):
    """Each somewhere in the change, killed whole, the owner's as its engine: it comes to its end, and db runs on."""
    lab, shorter = three_of_four(c)
    lab[4].up()
    t = time.time_ns()
    # At once; while it is decided; while it is told; while both sets count; as these end.
    for step, (victim, after) in enumerate(((2, 0), (1, 0.01), (3, 0.03), (1, 0.1), (2, 0.5), (1, 1.5), (3, DEAD), (1, DEAD + 0.2))):
        count, which = (4, (1, 2, 3, 4)) if step % 2 == 0 else (3, (1, 2, 3))
        for i in (1, 2, 3):
            lab[i].write_hosts(None if count == 4 else shorter)
            lab[i].reload()
        time.sleep(after)
        if victim == 1:
            lab[1].signal_engine(signal.SIGKILL)
        else:
            lab[victim].kill()
            time.sleep(0.3)
            lab[victim].up()
        until(lambda n=count, hosts=which: vote(lab, n, *hosts), "%d vote, after host %d was killed" % (count, victim), timeout=60)
        lab.await_linked(*which)
        lab.await_placed(db=1, which=[1, 2, 3])
    expect(not lab.events(t, host=1), "nothing is interrupted", *lab.events(t))
