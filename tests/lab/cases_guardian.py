"""The two processes of a daemon: engines that die or stand still, and the guardian that outlives them."""
import os
import shutil
import signal
import time

from lab import Service, Skip, expect, until


def three(c, **kw):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2, 3], **kw)})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    return lab


def another_engine(h, old):
    """Waits for it; gives its pid."""
    return until(lambda: h.engine() not in (None, old) and h.status() and h.engine(), "host %d has another engine" % h.i)


def ends_to_begin_with(lab, i):
    """From now on no engine of this host can start: its store makes no sense. Gives what makes it whole again."""
    h = lab[i]
    database, kept = os.path.join(h.state, "cluster.db"), os.path.join(h.dir, "kept")
    os.makedirs(kept)
    for name in os.listdir(h.state):
        if name.startswith("cluster.db"):
            shutil.move(os.path.join(h.state, name), os.path.join(kept, name))
    with open(database, "wb") as f:
        f.write(os.urandom(20000))

    def mend():
        for name in os.listdir(h.state):
            if name.startswith("cluster.db"):
                os.unlink(os.path.join(h.state, name))
        for name in os.listdir(kept):
            shutil.move(os.path.join(kept, name), os.path.join(h.state, name))
    return mend


def processes_of(h, text):
    out = []
    for pid in h.agent.rpc("pids")["pids"]:
        try:
            with open(h.outer(pid) + "/cmdline", "rb") as f:
                if text in f.read().replace(b"\0", b" ").decode():
                    out.append(pid)
        except OSError:
            pass
    return out


def groups_of(h):
    """The folder of its services' control groups."""
    try:
        with open(os.path.join(h.state, "cgroup")) as f:
            return f.read().strip()
    except FileNotFoundError:
        raise Skip("no control groups can be made here")


def test_engine_killed_while_running(c):
    """Nobody notices but for a moment: no script runs, and nothing moves."""
    lab = three(c)
    h, t, old, guardian = lab[1], time.time_ns(), lab[1].engine(), lab[1].pid
    for _ in range(3):
        h.signal_engine(signal.SIGKILL)
        old = another_engine(h, old)
        lab.await_linked()
    lab.await_placed(web=1)
    lab.expect_stable()
    expect(not lab.events(t), "no script ran", *lab.events(t))
    expect(h.exit_of(guardian) is None, "the guardian lives")
    h.signal(signal.SIGTERM)
    expect(h.wait_exit() == 0, "and leaves in order")
    lab.await_placed(web=2, which=[2, 3])


def test_engine_killed_while_starting(c):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2, 3], start="sleep 0.8")})
    lab.acquaint().up()
    begun = until(lambda: lab.events(service="web", host=1, script="start"), "it begins")[0]
    old = lab[1].engine()
    lab[1].signal_engine(signal.SIGKILL)
    another_engine(lab[1], old)
    lab.await_placed(web=1)
    lab.await_linked()
    lab.expect_stable()
    expect(len(lab.events(begun.t, script="start", phase="begin")) == 1, "one start", *lab.events())
    expect(not lab.events(begun.t, script="stop"), "and no stop", *lab.events())


def test_engine_killed_while_stopping(c):
    lab = three(c, stop="sleep 0.8")
    t, old = time.time_ns(), lab[1].engine()
    lab[2].spawn([lab.program("clusterctl"), "--bus", lab[2].bus_address, "move", "web", "2"])
    until(lambda: lab.events(t, host=1, script="stop"), "its stop begins")
    lab[1].signal_engine(signal.SIGKILL)
    another_engine(lab[1], old)
    lab.await_placed(web=2)
    lab.await_linked()
    lab.expect_stable()
    expect(len(lab.events(t, script="stop", phase="begin")) == 1, "one stop", *lab.events(t))
    expect(len(lab.events(t, script="start", phase="begin")) == 1, "one start", *lab.events(t))


def test_engine_killed_while_claiming(c):
    """A host that does not answer keeps the claim waiting."""
    lab = three(c)
    lab[3].ctl("stop", "web")
    lab.await_placed(web=0)
    lab[2].freeze()
    old = lab[1].engine()
    lab[3].spawn([lab.program("clusterctl"), "--bus", lab[3].bus_address, "start", "web"])
    until(lambda: (lab[1].service_view("web") or {}).get("state") == "claiming", "it claims")
    lab[1].signal_engine(signal.SIGKILL)
    another_engine(lab[1], old)
    lab[2].thaw()
    lab.await_linked()
    lab.await_placed(web=1)
    lab.expect_stable()
    lab.expect_single()


def test_engine_that_stands_still(c):
    """The guardian stops what runs before others may start it, and has another engine."""
    lab = three(c)
    old = lab[1].engine()
    t = lab[1].signal_engine(signal.SIGSTOP)
    new = another_engine(lab[1], old)
    expect(old not in lab[1].agent.rpc("pids")["pids"] and new != old, "the frozen one is gone")
    stops = until(lambda: lab.events(t, host=1, script="stop", phase="end"), "web is stopped")
    expect(stops[0].reason == "lost-ownership", "for the reason that it is", stops[0])
    lab.await_placed(web=1)
    lab.await_linked()
    lab.expect_stable()
    lab.expect_single()
    expect("stands still" in lab[1].log_text(), "and the log says so")


def test_engine_frozen_for_a_moment(c):
    lab = three(c)
    t, old = lab[1].signal_engine(signal.SIGSTOP), lab[1].engine()
    time.sleep(lab.dead / 3)
    lab[1].signal_engine(signal.SIGCONT)
    lab.expect_stable(1.5)
    lab.await_linked()
    expect(lab[1].engine() == old and not lab.events(t), "nothing happened", *lab.events(t))


def test_guardian_killed(c):
    """Its engine dies with it, and what runs is adopted by the next."""
    lab = c.lab("addr", "addr", services={"web": Service([1], status="")})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    for sig in (signal.SIGCONT, signal.SIGSTOP):  # a frozen engine as well
        h, engine = lab[1], lab[1].engine()
        t = h.signal_engine(sig)
        h.kill()
        until(lambda: engine not in h.agent.rpc("pids")["pids"], "the engine dies with it", 2)
        h.up()
        lab.await_linked()
        lab.await_placed(web=1)
        lab.expect_stable()
        expect(not lab.events(t, script="start") and not lab.events(t, script="stop"), "adopted", *lab.events(t))


def test_engine_dies_for_good(c):
    """The guardian keeps its socket, stops the service in time, and goes on trying."""
    lab = three(c, conf="failback = immediate\n")
    h = lab[1]
    mend = ends_to_begin_with(lab, 1)
    t = h.signal_engine(signal.SIGKILL)
    until(lambda: 2 in lab.holders("web"), "the next takes over")
    p = lab[2].run("bash", "-c", "exec 3<>/dev/tcp/%s/35790" % h.ip)
    expect(p.returncode == 0, "who connects waits, and is not refused", p.out)
    stop = lab.events(t, host=1, script="stop", phase="end")
    start = lab.events(t, host=2, script="start", phase="begin")
    expect(len(stop) == 1 and stop[0].reason == "lost-ownership" and stop[0].t < start[0].t,
           "stopped before it was started elsewhere", *lab.events(t))
    lab.expect_single()
    expect(h.exit_of(h.pid) is None, "the guardian lives")
    mend()
    lab.await_linked()
    lab.await_placed(web=1)
    lab.expect_single()


def test_told_to_leave_without_an_engine(c):
    lab = three(c)
    h = lab[1]
    h.signal_engine(signal.SIGKILL)
    h.signal(signal.SIGTERM)
    expect(h.wait_exit() == 0, "the next engine leaves in order", h.log_text())
    lab.await_placed(web=2, which=[2, 3])
    stop = lab.events(host=1, script="stop", phase="begin")
    expect(len(stop) == 1 and stop[0].reason == "shutdown", "handed over", *lab.events())
    h.up()
    lab.await_linked()
    lab.await_placed(web=1)
    mend = ends_to_begin_with(lab, 1)
    t = h.signal_engine(signal.SIGKILL)
    h.signal(signal.SIGTERM)
    code = h.wait_exit()
    stop = lab.events(t, host=1, script="stop", phase="end")
    expect(code == 1 and len(stop) == 1, "where none can begin, the deadlines end it: exit 1", code, *lab.events(t))
    lab.await_placed(web=2, which=[2, 3])
    lab.expect_single()
    mend()


HANGS_ONCE = """if [ "$CLUSTER_REASON" = lost-ownership ] && [ ! -e $marker.hung ]; then
  : > $marker.hung
  sleep 309
fi"""
LEAVES = """setsid bash -c '(env -i sleep 307 &)' < /dev/null > /dev/null 2>&1 &
sleep 308 > /dev/null 2>&1 &
"""


def test_all_of_a_service_is_killed(c):
    """Where its stop hangs while no engine lives: also what has left session and group, and its environment."""
    lab = three(c, start=LEAVES, stop=HANGS_ONCE, conf="stop_timeout = 0.4\n")
    h = lab[1]
    groups = groups_of(h)
    until(lambda: processes_of(h, "sleep 307") and processes_of(h, "sleep 308"), "it leaves two behind")
    mend = ends_to_begin_with(lab, 1)
    t = h.signal_engine(signal.SIGKILL)
    until(lambda: lab.events(t, host=1, script="stop"), "its stop begins")
    until(lambda: "all of service web is killed" in h.log_text(), "all is killed", 5)
    # `stop` also follows a kill, once nothing runs beside it.
    until(lambda: lab.events(t, host=1, script="stop", phase="end"), "its stop has run once more", 5)
    until(lambda: not processes_of(h, "sleep 30"), lambda: "nothing is left of it: %s" % processes_of(h, "sleep 30"), 5)
    lab.two_copies_allowed = True  # the killed stop never said that it has ended
    until(lambda: 2 in lab.holders("web"), "the next takes over")
    mend()
    lab.await_linked()
    lab.await_placed(web=1)
    expect(os.listdir(groups) and "service-web" in os.listdir(groups), "its control group is back", os.listdir(groups))


def test_fence(c):
    """After guardian and engine have died: what they left running is killed, and nothing else."""
    lab = c.lab("addr", "addr", services={"web": Service([1], start=LEAVES), "other": Service([2], start=LEAVES)})
    lab.ready()
    h = lab[1]
    p = h.run(*h.argv("--fence", state=h.dir + "/nowhere"))
    expect(p.returncode == 0 and not os.path.exists(h.dir + "/nowhere"), "nothing was ever here", p.returncode, p.out)
    lab.up()
    lab.await_linked(timeout=60)
    lab.await_placed(web=1, other=2)
    groups = groups_of(h)
    for x in lab:
        until(lambda: processes_of(x, "sleep 307"), "it leaves one behind")
    p = h.run(*h.argv("--fence"))
    expect(p.returncode == 1 and "in use" in p.out and processes_of(h, "sleep 307"), "not beside a daemon", p.returncode, p.out)
    h.kill()
    p = h.run(*h.argv("--fence"))
    expect(p.returncode == 0 and "web" in p.out, "it kills, and says what", p.returncode, p.out)
    expect(not processes_of(h, "sleep 30"), "nothing is left", processes_of(h, "sleep 30"))
    expect(processes_of(lab[2], "sleep 307"), "the other host's are left alone")
    expect(not os.path.exists(groups), "no group is left")
    p = h.run(*h.argv("--fence"))
    expect(p.returncode == 0, "and again", p.returncode, p.out)


def test_detached_engine_killed(c):
    """--daemon: the next engine has no terminal to come back to, and relative paths mean what they did."""
    lab = c.lab("addr", services={"web": Service([1])})
    lab.ready()
    h = lab[1]
    h.bus_up()
    p = h.run("bash", "-c", 'cd "$1" && shift && exec "$@"', "-", h.dir, lab.program("clusterd"), "--config-dir", "etc",
              "--state-dir", "state", "--bus", h.bus_address, "--id", "1", "--daemon", timeout=20)
    expect(p.returncode == 0, "it returns 0", p.out)
    lab.await_placed(web=1)
    with open(h.state + "/lock") as f:
        h.pid = int(f.read())
    old = h.engine()
    t = h.signal_engine(signal.SIGKILL)
    another_engine(h, old)
    lab.await_placed(web=1)
    expect(not lab.events(t), "no script ran", *lab.events(t))
    h.signal(signal.SIGTERM)
    h.wait_exit()
