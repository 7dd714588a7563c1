"""What an operator orders by clusterctl, and what it tells him."""
import signal
import time

from cases_guardian import another_engine
from lab import Service, expect, until


def three(c, services=None):
    lab = c.lab("addr", "addr", "addr", services=services or {"web": Service([1, 2, 3])})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(**{n: s.preference[0] for n, s in lab.services.items()})
    return lab


def settings(lab, key, value, which=(1, 2, 3), service=None, host=None):
    """Every host knows the replicated setting."""
    def known():
        for i in which:
            v = lab[i].service_view(service) if service else lab[i].host_view(host)
            if not v or v.get(key) != value:
                return False
        return True
    until(known, "hosts %s know that %s is %s" % (list(which), key, value))


def test_move_and_clear(c):
    lab = three(c)
    t = time.time_ns()
    lab[3].ctl("move", "web", "2")
    expect(lab.holders("web") == {2}, "the call answers when it is done", *lab.events())
    lab.await_placed(web=2)
    e = lab.events(t, script="start", phase="begin")
    expect(len(e) == 1 and e[0].reason in ("move", "operator"), "one start, by reason of the move", *e)
    lab.expect_stable()
    lab[1].ctl("clear", "web")
    lab.await_placed(web=1)
    lab.expect_single()
    lab.expect_stable()


def test_move_by_name(c):
    lab = three(c)
    lab[1].ctl("move", "web", lab[3].name)
    lab.await_placed(web=3)


def test_move_ends_when_its_host_fails(c):
    lab = three(c)
    lab[1].ctl("move", "web", "3")
    lab.await_placed(web=3)
    lab[3].crash()
    lab.await_placed(web=1, which=[1, 2])
    t = time.time_ns()
    lab[3].up()
    lab.await_linked()
    lab.await_swept(3, t, "web")
    lab.expect_stable()
    lab.await_placed(web=1)
    lab.expect_single()


def test_standby_and_online(c):
    lab = three(c, {"web": Service([1, 2, 3]), "mail": Service([2, 1])})
    lab[2].ctl("standby", "1")
    expect(1 not in lab.holders("web"), "the call answers when the host is empty", *lab.events())
    lab.await_placed(web=2, mail=2)
    settings(lab, "standby", True, host=1)
    lab[2].crash()
    lab.await_placed(web=3, mail=0, which=[1, 3])
    lab[2].up()
    lab.await_placed(web=2, mail=2)
    lab[1].ctl("online")
    lab.await_placed(web=1, mail=2)
    settings(lab, "standby", False, host=1)
    lab.expect_single()


def test_standby_survives_a_restart(c):
    lab = three(c)
    lab[1].ctl("standby")
    lab.await_placed(web=2)
    lab[1].crash()
    lab[1].up()
    lab.await_linked()
    lab.expect_stable(1.5)
    lab.await_placed(web=2)


def test_disable_and_enable(c):
    lab = three(c)
    lab[2].ctl("disable", "web")
    expect(lab.holders("web") == set(), "the call answers when it is stopped", *lab.events())
    lab.await_placed(web=0)
    for h in lab:
        h.crash()
    for h in lab:
        h.up()
    lab.await_linked()
    lab.expect_stable(1.5)
    lab.await_placed(web=0)
    lab[3].ctl("enable", "web")
    lab.await_placed(web=1)
    lab.expect_single()


def test_stop_and_start(c):
    lab = three(c)
    lab[2].ctl("stop", "web")
    expect(lab.holders("web") == set(), "the call answers when it is stopped", *lab.events())
    lab.expect_stable(1)
    lab[1].crash()
    lab[1].up()
    lab.await_linked()
    lab.expect_stable(1)
    lab.await_placed(web=0)
    lab[3].ctl("start", "web")
    expect(lab.holders("web") == {1}, "the call answers when it runs", *lab.events())
    lab.await_placed(web=1)
    lab.expect_single()


def test_stop_ends_with_a_cold_start(c):
    lab = three(c)
    lab[2].ctl("stop", "web")
    lab.await_placed(web=0)
    for h in lab:
        h.crash()
    for h in lab:
        h.up()
    lab.await_linked()
    lab.await_placed(web=1)


def test_restart(c):
    lab = three(c)
    t = time.time_ns()
    lab[3].ctl("restart", "web")
    e = [(x.host, x.script) for x in lab.events(t, phase="end")]
    expect(e == [(1, "stop"), (1, "start")], "stopped and started in place", *lab.events(t))
    lab.await_placed(web=1)
    lab.expect_stable()
    t, old = time.time_ns(), lab[1].engine()
    lab[1].signal_engine(signal.SIGKILL)
    another_engine(lab[1], old)
    lab.await_linked()
    lab.expect_stable(1.5)
    expect(not lab.events(t), "the next engine knows that this was done", *lab.events(t))


def test_absent_host_learns_settings_when_it_returns(c):
    lab = three(c, {"web": Service([3, 1]), "mail": Service([3, 2])})
    lab[3].crash()
    lab.await_placed(web=1, mail=2, which=[1, 2])
    lab[1].ctl("disable", "web")
    lab[1].ctl("move", "mail", "2")
    t = time.time_ns()
    lab[3].up()
    lab.await_linked()
    lab.await_swept(3, t, "web", "mail")
    lab.expect_stable(1.5)
    expect(not lab.events(t, host=3, script="start"), "host 3 starts neither", *lab.events(t))
    settings(lab, "disabled", True, service="web")
    lab[3].ctl("enable", "web")
    lab[3].ctl("clear", "mail")
    lab.await_placed(web=3, mail=3)
    lab.expect_single()


def test_exit_codes(c):
    lab = three(c)

    def gives(code, *argv):
        p = lab[1].ctl(*argv, ok=False)
        expect(p.returncode == code, "clusterctl %s gives %d; it gave %d" % (" ".join(argv), code, p.returncode), p.out)
        if code:
            expect(p.stderr.strip(), "clusterctl %s says why, on standard error" % " ".join(argv), p.out)
        return p
    gives(0, "status")
    p = gives(1, "stop", "nosuch")
    expect("nosuch" in p.out, "the refusal names it", p.out)
    gives(1, "move", "web", "9")
    gives(1, "explain", "nosuch")
    gives(2, "move", "web")
    gives(2, "nosuchcommand")
    gives(2)
    lab.two_copies_allowed = True  # what the killed daemon ran is still there
    lab[1].kill()
    gives(3, "status")
    lab[1].bus_down()
    gives(3, "status")


def test_refusals(c):
    lab = three(c, {"web": Service([1, 2])})
    p = lab[1].ctl("move", "web", "3", ok=False)
    expect(p.returncode == 1 and p.out.strip(), "a host that is not on the line is refused", p.out)
    lab[2].crash()
    until(lambda: lab[1].host_view(2)["state"] == "down", "2 is down")
    p = lab[1].ctl("move", "web", "2", ok=False)
    expect(p.returncode == 1, "a host that is down is refused", p.out)
    lab.await_placed(web=1, which=[1, 3])
    lab.expect_stable()


def test_failing_start_is_told_to_the_caller(c):
    lab = three(c, {"web": Service([1, 2], start="[ -e $marker.bad ] && fail", only=[2])})
    open(lab[2].run_dir + "/web.bad", "w").close()
    p = lab[1].ctl("move", "web", "2", ok=False)
    expect(p.returncode == 1 and p.out.strip(), "a move that cannot be done ends with its reason", p.out)
    lab.await_placed(web=1)
    lab.expect_single()


def test_status_for_people(c):
    lab = three(c, {"web": Service([1, 2, 3]), "mail": Service([2, 1])})
    p = lab[1].ctl("status")
    for word in [h.name for h in lab] + ["web", "mail", "running"]:
        expect(word in p.stdout, "the table names %s" % word, p.stdout)
    expect("\x1b" not in p.stdout, "no colours where there is no terminal", repr(p.stdout))
    expect(lab[1].ctl("hosts").stdout.count("\n") >= 3, "hosts")
    expect("mail" in lab[1].ctl("services").stdout, "services")


def test_status_document(c):
    lab = three(c)
    s = lab[2].ctl("status", json_out=True)
    expect(s["host"] == {"id": 2, "name": lab[2].name}, "who speaks", s["host"])
    expect(s["version"], "version")
    for v in s["hosts"]:
        for key in ("id", "name", "state", "standby", "maintenance", "address", "path", "via", "rtt_ms", "last_seen"):
            expect(key in v, "hosts[] has " + key, v)
        expect(v["path"] == ("self" if v["id"] == 2 else "direct"), "path", v)
    until(lambda: all(v["rtt_ms"] is not None and v["rtt_ms"] < 1000 for v in lab[2].status()["hosts"] if v["id"] != 2),
          "round trips are measured")
    w = s["services"][0]
    expect(w["name"] == "web" and w["state"] == "running" and w["host"] == 1 and w["running_on"] == [1]
           and w["preference"] == [1, 2, 3] and w["epoch"] >= 1 and w["reason"], "the service", w)
    expect("files" in s, "files")
    lab[1].crash()
    lab.await_placed(web=2, which=[2, 3])
    v = lab[2].host_view(1)
    expect(v["state"] == "down" and v["last_seen"], "when it was seen last", v)


def test_explain(c):
    lab = three(c)
    p = lab[3].ctl("explain", "web").stdout
    expect("web" in p and lab[1].name in p, "explain names the service and its host", p)
    lab[1].ctl("standby", "1")
    lab.await_placed(web=2)
    p = lab[3].ctl("explain", "web").stdout
    expect("standby" in p.lower(), "explain says that host 1 is on standby", p)
    lab[2].ctl("online", "1")
    lab.await_placed(web=1)
    lab[1].ctl("disable", "web")
    expect("disable" in lab[2].ctl("explain", "web").stdout.lower(), "explain says disabled")


def test_simulate(c):
    lab = three(c, {"web": Service([1, 2, 3]), "one": Service([1]), "far": Service([3])})
    p = lab[2].ctl("simulate", "--lose", "1").stdout
    web = [l for l in p.splitlines() if "web" in l]
    expect(web and any(w in web[0] for w in ("2", lab[2].name)), "web would go to host 2", p)
    expect([l for l in p.splitlines() if "one" in l], "what would run nowhere is named", p)
    p = lab[2].ctl("simulate", "--lose", "1", "2", ok=False)
    if p.returncode == 2:
        p = lab[2].ctl("simulate", "--lose", "1,2")
    web = [l for l in p.stdout.splitlines() if "web" in l]
    expect(web and any(w in web[0] for w in ("3", lab[3].name)), "web would go to host 3", p.stdout)
    lab.expect_stable(0.5)


def test_work_survives_its_caller(c):
    lab = three(c, {"web": Service([1, 2], stop="sleep 1")})
    p = lab[1].run("timeout", "0.3", lab.program("clusterctl"), "--bus", lab[1].bus_address, "move", "web", "2")
    expect(p.returncode == 124, "the caller was gone before it was done", p.returncode, p.out)
    lab.await_placed(web=2)


def test_watch(c):
    lab = three(c)
    log = lab[2].dir + "/watch.log"
    pid = lab[2].spawn([lab.program("clusterctl"), "--bus", lab[2].bus_address, "watch"], "watch.log")["pid"]
    time.sleep(0.5)
    lab[1].crash()
    lab.await_placed(web=2, which=[2, 3])
    until(lambda: lab[1].name in open(log).read() and "web" in open(log).read(), "watch tells of host and service")
    lab[2].agent.rpc("kill", pid=pid, signal=2)
    until(lambda: lab[2].exit_of(pid) is not None, "watch ends on ^C")
