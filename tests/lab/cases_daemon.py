"""The daemon as a process: starting, ending, being killed, telling systemd."""
import os
import re
import signal
import time

from lab import Service, expect, until
from supervisor import Notify


def test_killed_alone_it_adopts_what_runs(c):
    """kill -9 leaves the service; the next daemon finds it by status and leaves it in peace."""
    lab = c.lab("addr", "addr", services={"web": Service([1], status="")})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    t = lab[1].kill()
    expect(os.path.exists(lab[1].run_dir + "/web"), "the service is still there")
    lab[1].up()
    lab.await_linked()
    lab.await_placed(web=1)
    lab.expect_stable()
    expect(not lab.events(t, script="start") and not lab.events(t, script="stop"), "adopted: no script but status", *lab.events(t))


def test_killed_alone_without_status_it_stops_first(c):
    lab = c.lab("addr", "addr", services={"web": Service([1])})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    t = lab[1].kill()
    lab[1].up()
    until(lambda: lab.events(t, script="start", phase="end"), "it is started again")
    e = [x.script for x in lab.events(t, phase="begin")]
    expect(e == ["stop", "start"], "stopped first, since nobody can say whether it runs", *lab.events(t))
    lab.await_placed(web=1)


def test_killed_alone_while_others_take_over(c):
    """The dead daemon's copy lives on until its next daemon resolves it: one copy in the end."""
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2, 3], status="", conf="failback = never\n")})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    lab.two_copies_allowed = True
    lab[1].kill()
    until(lambda: 2 in lab.holders("web"), "host 2 takes over")
    lab[1].up()
    lab.await_linked()
    until(lambda: len(lab.holders("web")) == 1, lambda: "one copy in the end: %s" % lab.holders("web"))
    host = list(lab.holders("web"))[0]
    lab.await_placed(web=host)
    lab.expect_stable(1.5)


def test_sigterm_hands_over(c):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2, 3]), "mail": Service([1, 3]), "one": Service([1])})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1, mail=1, one=1)
    t = lab[1].signal(signal.SIGTERM)
    code = lab[1].wait_exit()
    expect(code == 0, "exit 0; it was %s" % code)
    expect(lab.holders("one") == set(), "what nobody else can run is stopped", *lab.events(t))
    expect(1 not in lab.holders("web") and 1 not in lab.holders("mail"), "all is stopped before it leaves", *lab.events(t))
    lab.await_placed(web=2, mail=3, one=0, which=[2, 3])
    stop = lab.events(t, service="web", host=1, script="stop", phase="begin")[0]
    expect(stop.reason == "shutdown", "reason is shutdown", stop)
    lab.expect_single()
    until(lambda: lab[2].host_view(1)["state"] == "down", "and it is shown as down", 5)
    lab[1].up()
    lab.await_placed(web=1, mail=1, one=1)
    lab.expect_single()


def test_sigterm_waits_for_slow_stops(c):
    lab = c.lab("addr", "addr", services={"web": Service([1, 2], stop="sleep 1.5")})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    lab[1].signal(signal.SIGTERM)
    expect(lab[1].wait_exit() == 0, "exit 0")
    lab.await_placed(web=2, which=[2])
    lab.expect_single()


def test_sigint_leaves_like_sigterm(c):
    lab = c.lab("addr", "addr", services={"web": Service([1, 2])})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    lab[1].ended[lab[1].pid] = True
    lab[1].signal(signal.SIGINT)
    lab[1].wait_exit()
    lab.await_placed(web=2, which=[2])


def test_daemon_flag_detaches_when_ready(c):
    lab = c.lab("addr", "addr", services={"web": Service([1])})
    lab.ready()
    h = lab[1]
    h.bus_up()
    p = h.run(*h.argv("--daemon"), timeout=20)
    expect(p.returncode == 0, "it returns 0", p.out)
    expect(h.status(), "and answers at once")
    engine = h.connect().bus("GetConnectionUnixProcessID", "s", "com.bammeson.cluster")[0]
    with open(h.outer(engine) + "/stat") as f:
        pid = int(f.read().rsplit(")", 1)[1].split()[1])
    with open(h.outer(pid) + "/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    expect(fields[1] == "1" and fields[3] != fields[1], "its own session, adopted by process 1", fields[:5])
    expect(all(os.readlink(h.outer(x) + "/cwd") == "/" for x in (pid, engine)), "it holds no folder")
    until(lambda: lab.holders("web") == {1}, "and does its work")
    h.pid = pid
    h.signal(signal.SIGTERM)
    h.wait_exit()


def test_daemon_flag_says_why_not(c):
    lab = c.lab("addr")
    lab.build_network()
    h = lab[1]
    h.write_all()
    h.bus_up()
    with open(h.etc + "/cluster.conf", "a") as f:
        f.write("colour = 3\n")
    p = h.run(*h.argv("--daemon"), timeout=20)
    expect(p.returncode == 1 and "colour" in p.out, "a bad configuration: exit 1 and the reason", p.returncode, p.out)
    h.write_conf()
    h.up()
    until(h.status, "it is up")
    p = h.run(*h.argv("--daemon", state=h.dir + "/other"), timeout=20)
    expect(p.returncode == 1 and "35790" in p.out, "a port in use: exit 1 and the reason", p.returncode, p.out)


def test_one_daemon_a_state_folder(c):
    lab = c.lab("addr")
    lab.up()
    until(lab[1].status, "it is up")
    with open(lab[1].etc + "/cluster.conf", "a") as f:
        f.write("port = 35999\n")
    p = lab[1].run(*lab[1].argv("--foreground", bus="none"), timeout=20)
    expect(p.returncode == 1 and lab[1].state in p.out, "the second is refused, naming the folder", p.returncode, p.out)
    expect(lab[1].status(), "the first goes on")


def test_state_folder_is_private(c):
    lab = c.lab("addr")
    lab.up()
    until(lab[1].status, "it is up")
    mode = os.stat(lab[1].state).st_mode & 0o777
    expect(mode == 0o700, "state folder has mode 0700; it is %o" % mode)
    for name in os.listdir(lab[1].state):
        mode = os.stat(os.path.join(lab[1].state, name)).st_mode & 0o077
        expect(mode == 0, "%s is readable by others" % name)


def test_damaged_store_is_refused(c):
    lab = c.lab("addr")
    lab.up()
    until(lab[1].status, "it is up")
    lab[1].kill()
    db = [n for n in os.listdir(lab[1].state) if n.endswith(".db")]
    expect(db, "a database")
    for n in os.listdir(lab[1].state):
        if n.startswith(db[0]) and n != db[0]:
            os.unlink(os.path.join(lab[1].state, n))
    with open(os.path.join(lab[1].state, db[0]), "wb") as f:
        f.write(os.urandom(20000))
    mark = lab[1].log_size()
    lab[1].up()
    code = lab[1].wait_exit()
    expect(code == 1 and db[0] in lab[1].log_text(mark), "refused, naming the file", code, lab[1].log_text(mark))


def test_sd_notify(c):
    lab = c.lab("addr", "addr", services={"web": Service([1, 2], stop="sleep 1.2")})
    lab.ready()
    n = Notify(lab.dir + "/notify")
    lab[2].up()
    lab[1].up(env={"NOTIFY_SOCKET": n.path, "WATCHDOG_USEC": "800000"})
    until(lambda: n.has("READY=1"), lambda: "READY=1; it said %s" % n.got)
    expect(lab[1].status(), "ready means that it answers")
    lab.await_linked()
    lab.await_placed(web=1)
    t = time.monotonic()
    time.sleep(2)
    beats = n.has("WATCHDOG=1", t)
    expect(3 <= len(beats) <= 40, "watchdog messages in 2 s at 0.8 s: %d" % len(beats), n.got)
    t = time.monotonic()
    lab[1].signal(signal.SIGHUP)
    until(lambda: n.has("RELOADING=1", t) and n.has("READY=1", t), lambda: "RELOADING=1, then READY=1; it said %s" % n.got)
    expect("MONOTONIC_USEC=" in n.has("RELOADING=1", t)[0], "with its time", n.has("RELOADING=1", t))
    t = time.monotonic()
    lab[1].signal(signal.SIGTERM)
    until(lambda: n.has("STOPPING=1", t), lambda: "STOPPING=1; it said %s" % n.got)
    lab[1].wait_exit()
    expect(n.has("EXTEND_TIMEOUT_USEC=", t), "more time is asked for while services stop", n.got)
    lab.await_placed(web=2, which=[2])


def test_no_watchdog_message_unasked(c):
    lab = c.lab("addr")
    lab.build_network()
    lab[1].write_all()
    n = Notify(lab.dir + "/notify")
    lab[1].up(env={"NOTIFY_SOCKET": n.path})
    until(lambda: n.has("READY=1"), "READY=1")
    time.sleep(1)
    expect(not n.has("WATCHDOG=1"), "no watchdog was asked for", n.got)


def test_version_and_help(c):
    lab = c.lab("addr")
    lab.build_network()
    for program in ("clusterd", "clusterctl"):
        p = lab[1].run(lab.program(program), "--version")
        expect(p.returncode == 0 and re.search(r"\d+\.\d+", p.stdout), program + " --version", p.out)
        p = lab[1].run(lab.program(program), "--help")
        expect(p.returncode == 0 and "--bus" in p.stdout, program + " --help", p.out)
    p = lab[1].run(lab.program("clusterd"), "--nosuch")
    expect(p.returncode == 2 or p.returncode == 1, "an unknown option is refused", p.returncode, p.out)


def test_services_survive_sighup_storms(c):
    lab = c.lab("addr", "addr", services={"web": Service([1, 2])})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    n = len(lab.events())
    for _ in range(30):
        lab[1].signal(signal.SIGHUP)
        time.sleep(0.02)
    lab.expect_stable(0.5)
    expect(len(lab.events()) == n and lab.linked(), "nothing was disturbed", *lab.events()[n:])


def test_no_descriptor_leaks_into_scripts(c):
    lab = c.lab("addr", services={"web": Service([1], start="ls /proc/self/fd > $marker.fds")})
    lab.up()
    lab.await_placed(web=1)
    with open(lab[1].run_dir + "/web.fds") as f:
        fds = {int(x) for x in f.read().split()}
    expect(fds <= {0, 1, 2, 3}, "scripts get 0, 1 and 2 only", sorted(fds))
