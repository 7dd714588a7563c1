"""Configuration: what is refused and how, and reload."""
import os
import re
import shutil
import time
import signal

from lab import Service, expect, until


def one(c, **kw):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2, 3]), "mail": Service([2, 1])}, **kw)
    lab.ready()
    return lab


def check(h, *more):
    return h.run(*h.argv("--check-config", *more))


def edit(path, text, mode="w"):
    with open(path, mode + ("b" if isinstance(text, bytes) else "")) as f:
        f.write(text)


def folder_instead(path):
    os.unlink(path)
    os.mkdir(path)


def drop_line(path, n):
    with open(path) as f:
        lines = f.readlines()
    edit(path, "".join(lines[:n - 1] + lines[n:]))


# What is wrong, how to bring it about (e: the folder of host 1), where it must be reported, and a word of it.
FAULTS = [
    ("short passphrase", lambda e: edit(e + "/hosts", "10.77.0.4 short\n", "a"), r"hosts:4:", "8"),
    ("missing passphrase", lambda e: edit(e + "/hosts", "10.77.0.4\n", "a"), r"hosts:4:", "passphrase"),
    ("missing passphrase of a dynamic host", lambda e: edit(e + "/hosts", "lap,\n", "a"), r"hosts:4:", "passphrase"),
    ("host named twice", lambda e: edit(e + "/hosts", "10.77.0.2 open sesame 2\n", "a"), r"hosts:4:", "10.77.0.2"),
    ("bad port", lambda e: edit(e + "/hosts", "10.77.0.4:99999 open sesame\n", "a"), r"hosts:4:", "99999"),
    ("unknown host", lambda e: edit(e + "/services", "db 1 9\n", "a"), r"services:3:", "9"),
    ("host that is a word", lambda e: edit(e + "/services", "db one\n", "a"), r"services:3:", "one"),
    ("duplicate service", lambda e: edit(e + "/services", "web 1\n", "a"), r"services:3:", "web"),
    ("same host twice", lambda e: edit(e + "/services", "db 2 3 2\n", "a"), r"services:3:", "2"),
    ("service without hosts", lambda e: edit(e + "/services", "db\n", "a"), r"services:3:", "host"),
    ("bad service name", lambda e: edit(e + "/services", "../db 2\n", "a"), r"services:3:", "name"),
    ("missing start", lambda e: os.unlink(e + "/services.d/web/start"), r"web/start:1:|services:1:", "start"),
    ("missing stop", lambda e: os.unlink(e + "/services.d/web/stop"), r"web/stop:1:|services:1:", "stop"),
    ("start not executable", lambda e: os.chmod(e + "/services.d/web/start", 0o644), r"web/start:1:|services:1:", "execut"),
    ("missing folder", lambda e: shutil.rmtree(e + "/services.d/mail"), r"mail[^:]*:1:|services:2:", "mail"),
    ("unknown key", lambda e: edit(e + "/cluster.conf", "colour = 3\n", "a"), r"cluster\.conf:3:", "colour"),
    ("repeated key", lambda e: edit(e + "/cluster.conf", "dead_time = 3\n", "a"), r"cluster\.conf:3:", "dead_time"),
    ("unclosed section", lambda e: edit(e + "/cluster.conf", "sync data {\n  path = \"/x\"\n", "a"), r"cluster\.conf:[3-6]:", ""),
    ("unclosed comment", lambda e: edit(e + "/cluster.conf", "/* never closed\n", "a"), r"cluster\.conf:[34]:", "comment"),
    ("unclosed text", lambda e: edit(e + "/cluster.conf", "service_dir = \"/x\n", "a"), r"cluster\.conf:[34]:", ""),
    ("mode owner of no service", lambda e: edit(e + "/cluster.conf", "sync data {\n  path = \"/x\"\n  mode = owner\n}\n", "a"), r"cluster\.conf:[3-6]:", "no service"),
    ("folder relative", lambda e: edit(e + "/cluster.conf", "sync data {\n  path = \"x\"\n}\n", "a"), r"cluster\.conf:[3-5]:", "absolute"),
    ("no address of mail", lambda e: edit(e + "/cluster.conf", "email = \"a b@example.com\"\n", "a"), r"cluster\.conf:3:", "address"),
    ("value not built", lambda e: edit(e + "/cluster.conf", "ownership = etcd\n", "a"), r"cluster\.conf:3:", ""),
    ("value out of range", lambda e: edit(e + "/cluster.conf", "port = 70000\n", "a"), r"cluster\.conf:3:", "65535"),
    ("not a number", lambda e: edit(e + "/cluster.conf", "verbosity = loud\n", "a"), r"cluster\.conf:3:", "loud"),
    ("NUL in cluster.conf", lambda e: edit(e + "/cluster.conf", b"# a\0b\n", "a"), r"cluster\.conf:3:", "NUL"),
    ("bytes not UTF-8", lambda e: edit(e + "/cluster.conf", b"# caf\xe9\n", "a"), r"cluster\.conf:3:", "UTF-8"),
    ("NUL in hosts", lambda e: edit(e + "/hosts", b"10.77.0.4 open\0sesame\n", "a"), r"hosts:4:", "NUL"),
    ("hosts not UTF-8", lambda e: edit(e + "/hosts", b"10.77.0.4 open \xff\xfe sesame\n", "a"), r"hosts:4:", "UTF-8"),
    ("services not UTF-8", lambda e: edit(e + "/services", b"d\xffb 1\n", "a"), r"services:3:", "UTF-8"),
    ("hosts is a folder", lambda e: folder_instead(e + "/hosts"), r"hosts:1:", "folder|directory"),
    ("services is a folder", lambda e: folder_instead(e + "/services"), r"services:1:", "folder|directory"),
    ("cluster.conf is a folder", lambda e: folder_instead(e + "/cluster.conf"), r"cluster\.conf:1:", "folder|directory"),
    ("start is a folder", lambda e: folder_instead(e + "/services.d/web/start"), r"web/start:1:|services:1:", "folder|directory|file"),
    ("hosts missing", lambda e: os.unlink(e + "/hosts"), r"hosts:1:", ""),
    ("no line for this host", lambda e: drop_line(e + "/hosts", 3) or edit(e + "/cluster.conf", "id = 3\n", "a"),
     r"(hosts|cluster\.conf):\d+:", ""),
    ("dead_time equals beat_interval", lambda e: edit(e + "/cluster.conf", "beat_interval = 2\ndead_time = 2\n"),
     r"cluster\.conf:[12]:", "dead_time"),
    ("dead_time below beat_interval", lambda e: edit(e + "/cluster.conf", "dead_time = 0.5\n"),
     r"cluster\.conf:1:", "beat_interval"),
    ("service.conf: unknown key", lambda e: edit(e + "/services.d/web/service.conf", "start_timeout = 3\nfoo = 1\n"),
     r"web/service\.conf:2:", "foo"),
    ("service.conf: repeated key", lambda e: edit(e + "/services.d/web/service.conf", "max_failures = 3\nmax_failures = 4\n"),
     r"web/service\.conf:2:", "max_failures"),
    ("service.conf: after an unknown service", lambda e: edit(e + "/services.d/web/service.conf", "after = cache\n"),
     r"web/service\.conf:1:", "the services file does not have"),
    ("service.conf: with itself", lambda e: edit(e + "/services.d/web/service.conf", "with = web\n"),
     r"web/service\.conf:1:", "the service itself"),
    ("service.conf: key not built", lambda e: edit(e + "/services.d/web/service.conf", "ownership = etcd\n"),
     r"web/service\.conf:1:", "support"),
]


def test_every_fault_has_its_line(c):
    lab = one(c)
    h = lab[1]
    good = h.etc + ".good"
    shutil.copytree(h.etc, good)
    p = check(h)
    expect(p.returncode == 0, "a good configuration passes", p.out)
    bad = []
    for what, spoil, where, word in FAULTS:
        shutil.rmtree(h.etc)
        shutil.copytree(good, h.etc)
        spoil(h.etc)
        # "no line for this host" is about cluster.conf's id; all others know who they are.
        argv = h.argv("--check-config", identify="id = 3" not in open_text(h.etc + "/cluster.conf"))
        p = h.run(*argv)
        lines = [l for l in p.out.splitlines() if re.search(where, l) and re.search(word, l, re.I)]
        if p.returncode != 1 or not lines:
            bad.append("%s: exit %d, expected 1 and a line with %s and '%s'; it said: %s" % (
                what, p.returncode, where, word, p.out.strip() or "nothing"))
    expect(not bad, "%d of %d faults are not reported as they should" % (len(bad), len(FAULTS)), *bad)


def open_text(path):
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def test_warnings_leave_it_at_0(c):
    lab = one(c)
    os.chmod(lab[1].etc + "/hosts", 0o644)
    p = check(lab[1])
    expect(p.returncode == 0, "exit 0", p.out)
    expect(re.search(r"hosts:1:.*", p.out), "with a warning at the file", p.out)


def test_all_faults_at_once(c):
    lab = one(c)
    edit(lab[1].etc + "/services", "db 1 9\nweb 1\n", "a")
    edit(lab[1].etc + "/cluster.conf", "colour = 3\n", "a")
    edit(lab[1].etc + "/hosts", "10.77.0.4 short\n", "a")
    p = check(lab[1])
    for where in (r"services:3:", r"services:4:", r"cluster\.conf:3:", r"hosts:4:"):
        expect(re.search(where, p.out), "one run shows them all: " + where, p.out)


def test_passphrases_are_never_shown(c):
    lab = one(c)
    edit(lab[1].etc + "/hosts", "10.77.0.4 xyzzy99\n10.77.0.4 plugh-plugh-plugh\n", "a")
    p = check(lab[1])
    expect(p.returncode == 1, "refused", p.out)
    expect("xyzzy99" not in p.out and "plugh" not in p.out, "no passphrase in the message", p.out)


def test_commented_line_keeps_other_ids(c):
    lab = one(c)
    lines = lab.hosts_text().splitlines()
    for h in lab:
        h.write_hosts("\n".join([lines[0], "# gone", "", lines[1], lines[2]]) + "\n")
        edit(h.etc + "/services", "web 1 4 5\n")
    ids = {1: "1", 2: "4", 3: "5"}
    for h in lab:
        shutil.rmtree(h.etc + "/services.d/mail", ignore_errors=True)
        p = h.run(*h.argv("--check-config", "--id", ids[h.i], identify=False))
        expect(p.returncode == 0, "host %d is line %s" % (h.i, ids[h.i]), p.out)


def test_host_finds_its_own_line(c):
    lab = c.lab("dyn:alpha", "addr", "dyn:beta", services={"web": Service([1, 2, 3])})
    lab.ready()
    for h in lab:
        h.up(identify=False)
    lab.await_linked()
    lab.await_placed(web=1)
    # None and several are errors that list the candidates.
    lab[1].run("hostname", "elsewhere")
    p = lab[1].run(*lab[1].argv("--check-config", identify=False))
    expect(p.returncode == 1 and "beta" in p.out and "alpha" in p.out, "no line: the candidates are listed", p.out)
    lab[2].run("hostname", "alpha")
    p = lab[2].run(*lab[2].argv("--check-config", identify=False))
    expect(p.returncode == 1 and "alpha" in p.out and lab[2].ip in p.out, "two lines: both are listed", p.out)
    lab[1].run("hostname", "alpha.example.com")
    p = lab[1].run(*lab[1].argv("--check-config", identify=False))
    expect(p.returncode == 0, "a full host name finds the short one", p.out)


def running(c):
    lab = one(c)
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1, mail=2)
    return lab


def test_reload_removes_and_adds_services(c):
    lab = running(c)
    lab.sniff()
    pids = [h.pid for h in lab]
    del lab.services["mail"]
    lab.services["db"] = Service([3, 1])
    for h in lab:
        h.write_services(keep=("mail",))
    t = time.time_ns()
    for h in lab:
        h.reload()
    until(lambda: lab.holders("mail") == set() and lab.holders("db") == {3}, "mail is stopped, db is started")
    lab.await_placed(web=1, db=3)
    for h in lab:
        expect(h.service_view("mail") is None, "host %d forgot it" % h.i)
    expect(not lab.events(t, service="web"), "web is not disturbed", *lab.events(t))
    expect(lab.linked() and not lab.switch.rpc("syns")["syns"], "no link was touched", *lab.switch.rpc("syns")["syns"])
    expect(pids == [h.pid for h in lab], "the same daemons")


def test_reload_changes_preference(c):
    lab = running(c)
    lab.services["web"].preference = [3, 1, 2]
    for h in lab:
        h.write_services()
    for h in lab:
        h.reload()
    lab.await_placed(web=3, mail=2)
    lab.expect_single()


def test_reload_adds_a_host(c):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2])})
    lab.ready()
    full = lab.hosts_text()
    short = "".join(full.splitlines(True)[:2])
    for i in (1, 2):
        lab[i].write_hosts(short)
    lab.up(1, 2)
    lab.await_linked(1, 2)
    lab.await_placed(web=1, which=[1, 2])
    lab[3].up()
    time.sleep(0.7)
    lab.sniff()
    t = time.time_ns()
    for i in (1, 2):
        lab[i].write_hosts(full)
        lab[i].reload()
    lab.await_linked()
    expect(lab.dials(lab[1], lab[3], t) or lab.dials(lab[2], lab[3], t), "the added host is dialled")
    expect(not lab.dials(lab[1], lab[2], t) and not lab.dials(lab[2], lab[1], t), "the others stay linked")
    expect(not lab.events(t), "no script runs", *lab.events(t))


def test_reload_removes_a_host(c):
    lab = running(c)
    lab.services["web"].preference = [1, 2]
    lines = lab.hosts_text().splitlines(True)
    t = time.time_ns()
    for i in (1, 2):
        lab[i].write_services()
        lab[i].write_hosts("".join(lines[:2]))
        lab[i].reload()
    until(lambda: all(len(lab[i].status()["hosts"]) == 2 for i in (1, 2)), "3 is no longer shown")
    time.sleep(1)
    expect(lab.linked(1, 2), "1 and 2 stay linked", lab.describe())
    expect(not lab.events(t, host=1) and not lab.events(t, host=2), "nothing else moved", *lab.events(t))
    until(lambda: all(lab[3].host_view(i)["state"] == "down" for i in (1, 2)), "they do not talk with 3 any more")
    lab.two_copies_allowed = True  # host 3 is a cluster of its own now


def test_faulty_reload_changes_nothing(c):
    lab = running(c)
    edit(lab[1].etc + "/services", "web 2 1\nmail 2 1\ndb 9\n")
    before = lab[1].log_size()
    p = lab[1].ctl("reload", ok=False)
    expect(p.returncode == 1 and re.search(r"services:3:", p.out), "refused with file and line", p.out)
    t = time.time_ns()
    lab[1].signal(signal.SIGHUP)
    until(lambda: re.search(r"services:3:", lab[1].log_text(before)), "SIGHUP: said in the log")
    lab.expect_stable(1)
    expect(lab.linked() and not lab.events(t), "nothing changed", lab.describe())
    expect(lab[1].service_view("web")["preference"] == [1, 2, 3], "the old preference is in force")
    expect(lab[1].service_view("db") is None, "no new service")


def test_sighup_reloads(c):
    lab = running(c)
    lab.services["web"].preference = [2, 1, 3]
    for h in lab:
        h.write_services()
        h.signal(signal.SIGHUP)
    lab.await_placed(web=2, mail=2)


def test_removed_line_with_a_missing_folder(c):
    """A service whose line and folder vanish together is stopped with the script it had."""
    lab = c.lab("addr", services={"web": Service([1]), "mail": Service([1])})
    lab.up()
    lab.await_placed(web=1, mail=1)
    del lab.services["mail"]
    edit(lab[1].etc + "/services", "web 1\n")
    lab[1].reload()
    until(lambda: lab.holders("mail") == set(), "it is stopped")
    shutil.rmtree(lab[1].etc + "/services.d/mail")
    lab[1].reload()
    expect(lab.holders("web") == {1}, "web runs on")


def test_renumbering_is_refused(c):
    lab = running(c)
    lines = lab.hosts_text().splitlines(True)
    swapped = lines[0] + lines[2] + lines[1]
    lab[1].write_hosts(swapped)
    p = lab[1].ctl("reload", ok=False)
    expect(p.returncode == 1 and "accept-renumbering" in p.out, "the refusal names the way out", p.out)
    expect("2" in p.out and "3" in p.out, "and both lines", p.out)
    expect(lab.linked(), "nothing changed", lab.describe())
    lab[1].signal(signal.SIGTERM)
    lab[1].wait_exit()
    mark = lab[1].log_size()
    lab[1].up()
    code = lab[1].wait_exit()
    expect(code == 1 and "accept-renumbering" in lab[1].log_text(mark), "a start is refused too", code, lab[1].log_text(mark))


def test_accepted_renumbering(c):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1])})
    lab.up()
    lab.await_linked()
    lab.await_placed(web=1)
    lines = lab.hosts_text().splitlines(True)
    swapped = lines[0] + lines[2] + lines[1]
    for h in lab:
        h.signal(signal.SIGTERM)
        h.wait_exit()
        h.write_hosts(swapped)
    ids = {1: "1", 2: "3", 3: "2"}
    for h in lab:
        h.up("--accept-renumbering", "--id", ids[h.i], identify=False)
    until(lambda: all((h.status() or {"hosts": []})["hosts"] and all(v["state"] == "up" for v in h.status()["hosts"])
                      for h in lab), "all linked under their new numbers", 20)
    v = lab[2].status()
    expect(v["host"] == {"id": 3, "name": lab[2].name}, "host 2 is number 3 now", v["host"])
