"""Start, stop and status: failing, hanging, talking."""
import json
import os
import time

from lab import Service, expect, until


def cluster(c, services, **kw):
    lab = c.lab("addr", "addr", "addr", services=services, **kw)
    lab.acquaint().up()
    lab.await_linked()
    return lab


def command_lines(h):
    out = []
    for pid in h.agent.rpc("pids")["pids"]:
        try:
            with open(h.outer(pid) + "/cmdline", "rb") as f:
                out.append(f.read().replace(b"\0", b" ").decode())
        except OSError:
            pass
    return out


def test_failed_start_falls_through(c):
    lab = cluster(c, {"web": Service([1, 2, 3], start="[ ! -e $marker.bad ] || fail", only=[1])})
    lab.await_placed(web=1)
    lab.await_linked()
    bad = lab[1].run_dir + "/web.bad"
    open(bad, "w").close()
    t = time.time_ns()
    lab[2].ctl("restart", "web", ok=False)
    lab.await_placed(web=2)
    fails = lab.events(t, host=1, phase="fail")
    expect(len(fails) == 1, "host 1 was tried once", *lab.events(t))
    expect(not lab.events(t, host=3), "host 3 was not needed", *lab.events(t))
    lab.expect_stable(2)
    text = lab[3].ctl("explain", "web").stdout
    expect("fail" in text.lower(), "explain says that the start failed on host 1", text)
    os.unlink(bad)
    lab[2].ctl("clear", "web")
    lab.await_placed(web=1)
    lab.expect_single()


def test_start_that_fails_everywhere(c):
    lab = cluster(c, {"web": Service([1, 2], start="fail"), "mail": Service([1, 2])})
    until(lambda: lab.events(host=1, service="web", phase="fail") and lab.events(host=2, service="web", phase="fail"), "both tried")
    lab.await_placed(mail=1)
    until(lambda: lab[3].service_view("web")["state"] == "failed", "it is shown as failed")
    n = len(lab.events(service="web", script="start"))
    time.sleep(3)
    expect(len(lab.events(service="web", script="start")) - n <= 2, "no busy loop of starts", *lab.events(service="web"))


def test_changed_folder_lifts_the_bar(c):
    lab = cluster(c, {"web": Service([1, 2], start="fail", only=[1])})
    lab.await_placed(web=2)
    lab.services["web"].snippets["start"] = ""
    lab[1].write_services()
    lab[1].reload()
    lab.await_placed(web=1)


def test_status_restarts_in_place(c):
    lab = cluster(c, {"web": Service([1, 2], status="", conf="status_interval = 0.3\n")})
    lab.await_placed(web=1)
    for _ in range(2):
        t = time.time_ns()
        os.unlink(lab[1].run_dir + "/web")
        until(lambda: lab.events(t, script="start", phase="end"), "it is started again")
        expect(not lab.events(t, host=2), "in place", *lab.events(t))
        expect(lab.events(t, script="start")[0].reason == "health", "reason is health", *lab.events(t))
    lab.await_placed(web=1)
    lab.expect_single()


def test_status_moves_at_max_failures(c):
    lab = cluster(c, {"web": Service([1, 2], status="[ %d = 1 ] && [ -e $marker.sick ] && exit 1" % 1, only=[1],
                                     conf="status_interval = 0.25\nmax_failures = 3\n")})
    lab.await_placed(web=1)
    t = time.time_ns()
    open(lab[1].run_dir + "/web.sick", "w").close()
    lab.await_placed(web=2)
    again = lab.events(t, host=1, script="start", phase="end")
    expect(len(again) == 2, "two restarts in place, then it moves", *lab.events(t))
    lab.expect_stable(1.5)
    lab.expect_single()


def test_hanging_status_is_killed_and_counts(c):
    lab = cluster(c, {"web": Service([1, 2], status="[ -e $marker.hang ] && sleep 300", only=[1],
                                     conf="status_interval = 0.25\nstatus_timeout = 0.4\nmax_failures = 1\n")})
    lab.await_placed(web=1)
    open(lab[1].run_dir + "/web.hang", "w").close()
    lab.await_placed(web=2)
    until(lambda: not [l for l in command_lines(lab[1]) if "sleep 300" in l], "nothing of it is left")


def test_start_timeout_kills_the_group(c):
    lab = cluster(c, {"web": Service([1, 2], start="sleep 301 & sleep 302", only=[1], conf="start_timeout = 0.7\n")})
    until(lambda: [l for l in command_lines(lab[1]) if "sleep 302" in l], "start hangs")
    lab.await_placed(web=2)
    left = [l for l in command_lines(lab[1]) if "sleep 30" in l]
    expect(not left, "the script and its child are dead", *left)
    expect(lab.events(host=1, script="stop", phase="end"), "stop ran after the kill", *lab.events())
    lab.expect_stable()


def test_stop_timeout_kills_the_group(c):
    lab = cluster(c, {"web": Service([1, 2], stop="[ -e $marker.hang ] && { sleep 303 & sleep 304; }", only=[1],
                                     conf="stop_timeout = 0.7\n")})
    lab.await_placed(web=1)
    open(lab[1].run_dir + "/web.hang", "w").close()
    lab.two_copies_allowed = True  # what could not be stopped may still be there
    lab[2].ctl("move", "web", "2", ok=False)
    until(lambda: not [l for l in command_lines(lab[1]) if "sleep 30" in l], "script and child are dead")
    until(lambda: any(lab[i].service_view("web")["state"] in ("stop-failed", "running") for i in (1, 2)), "it is decided")
    text = "".join(h.log_text() for h in lab).lower()
    expect("stop" in text and ("stop-failed" in text or "could not be stopped" in text or "failed" in text), "it is said")
    os.unlink(lab[1].run_dir + "/web.hang")


def test_slow_scripts_do_not_block_the_daemon(c):
    lab = cluster(c, {"slow": Service([1, 2], start="sleep 2.5"), "web": Service([1, 2])})
    until(lambda: lab.events(service="slow", script="start"), "start has begun")
    worst = 0
    for _ in range(20):
        t = time.monotonic()
        expect(lab[1].status(), "it answers")
        worst = max(worst, time.monotonic() - t)
        time.sleep(0.05)
    expect(worst < 0.5, "the daemon answers meanwhile; worst %.0f ms" % (worst * 1e3))
    expect(lab[1].service_view("slow")["state"] == "starting", "it is shown as starting")
    lab.await_placed(web=1, slow=1)
    expect(lab.linked(), "nobody lost a link")


def test_output_goes_to_the_log(c):
    lab = cluster(c, {"web": Service([1], start="echo hello from start; echo trouble here >&2; printf 'no newline'")})
    lab.await_placed(web=1)
    for words in ("hello from start", "trouble here", "no newline"):
        line = until(lambda w=words: [l for l in lab[1].log_text().splitlines() if w in l], "'%s' is in the log" % words)[0]
        expect("web" in line and "start" in line, "with service and script named", line)


def test_much_output_is_bounded(c):
    lab = cluster(c, {"web": Service([1], start="yes 0123456789012345678901234567890123456789 | head -c 30000000")})
    lab.await_placed(web=1)
    expect(lab[1].log_size() < 5_000_000, "30 MB of output became %d bytes of log" % lab[1].log_size())


def test_environment_of_scripts(c):
    dump = "env | grep ^CLUSTER_ > $marker.env"
    lab = c.lab("addr", "addr", "addr",
                services={"web": Service([1, 2], start=dump, stop=dump.replace(".env", ".env-stop"))})
    lab.acquaint().up(1)  # first, or another may have started web before it is there
    lab.await_placed(web=1, which=[1])
    lab.up(2, 3)
    lab.await_linked()

    def env(i, name="env"):
        with open("%s/web.%s" % (lab[i].run_dir, name)) as f:
            return dict(l.rstrip("\n").split("=", 1) for l in f)
    e = env(1)
    expect(e["CLUSTER_SERVICE"] == "web" and e["CLUSTER_HOST_ID"] == "1" and e["CLUSTER_HOST_NAME"] == lab[1].name,
           "who", json.dumps(e))
    expect(e["CLUSTER_REASON"] == "placement" and int(e["CLUSTER_EPOCH"]) >= 1, "why", json.dumps(e))
    expect(e["CLUSTER_STATE_DIR"].startswith("/"), "state folder", json.dumps(e))
    members = dict(m.split("=", 1) for m in e["CLUSTER_MEMBERS"].split())
    expect(members.get("1") == lab[1].ip, "members", e["CLUSTER_MEMBERS"])
    lab[1].ctl("move", "web", "2")
    lab.await_placed(web=2)
    s, e = env(1, "env-stop"), env(2)
    expect(s["CLUSTER_TO"] == "2" and s["CLUSTER_FROM"] == "1", "stop knows where it goes", json.dumps(s))
    expect(e["CLUSTER_FROM"] == "1" and e["CLUSTER_TO"] == "2", "start knows where it comes from", json.dumps(e))
    members = dict(m.split("=", 1) for m in e["CLUSTER_MEMBERS"].split())
    expect(set(members) == {"1", "2", "3"} and all(members[str(h.i)] == h.ip for h in lab), "members", e["CLUSTER_MEMBERS"])


def test_service_that_cannot_run_here(c):
    """At start a bad folder makes only this service unable, here alone."""
    lab = c.lab("addr", "addr", services={"web": Service([1, 2]), "mail": Service([1, 2])})
    lab.ready()
    os.chmod(lab[1].etc + "/services.d/web/start", 0o644)
    lab.up()
    lab.await_linked()
    lab.await_placed(web=2, mail=1)
    expect("web" in lab[1].log_text(), "it is said")
    text = lab[2].ctl("explain", "web").stdout
    expect("1" in text, "explain speaks of host 1", text)
    os.chmod(lab[1].etc + "/services.d/web/start", 0o755)
    lab[1].reload()
    lab.await_placed(web=1, mail=1)


def test_daemonised_child_of_start_lives_on(c):
    """What start leaves running is the service."""
    lab = cluster(c, {"web": Service([1, 2], start="sleep 305 > /dev/null 2>&1 &\necho $! > $marker.pid",
                                     stop='kill $(cat "$marker.pid")', conf="start_timeout = 0.7\n")})
    lab.await_placed(web=1)
    time.sleep(1.2)
    expect([l for l in command_lines(lab[1]) if "sleep 305" in l], "it still runs after start_timeout")
    lab[1].ctl("move", "web", "2")
    lab.await_placed(web=2)
    expect(not [l for l in command_lines(lab[1]) if "sleep 305" in l], "stop ended it")


def test_child_that_holds_the_output_open(c):
    """A service that keeps its script's standard output does not make start last."""
    lab = cluster(c, {"web": Service([1], start="sleep 306 &", stop="", conf="start_timeout = 2\n")})
    lab.await_placed(web=1)
    expect(not lab.events(phase="fail") and len(lab.events(script="start", phase="begin")) == 1, "one start", *lab.events())
