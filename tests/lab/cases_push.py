"""The configuration pushed from one host to all: applied, refused, interrupted, and fetched by whoever was away."""
import json
import os
import time

from lab import Service, expect, until

SPECS = ("addr", "addr", "addr")


def three(c, **kw):
    lab = c.lab(*SPECS, services={"web": Service([1, 2, 3])}, **kw)
    lab.up()
    lab.await_linked()
    lab.await_placed(web=1)
    return lab


def read(h, name):
    with open(os.path.join(h.etc, name)) as f:
        return f.read()


def write(h, name, text):
    with open(os.path.join(h.etc, name), "w") as f:
        f.write(text)


def files(h):
    return {name: read(h, name) for name in ("cluster.conf", "hosts", "services")}


def pushed(h):
    status = h.status()  # none while the daemon starts
    return status["push"] if status else {"count": None, "applied": False, "undecided": None, "refused": ""}


def all_applied(lab, count):
    for h in lab:
        until(lambda: pushed(h)["count"] == count and pushed(h)["applied"], "host %d has applied push %d" % (h.i, count))


def test_applied_everywhere_but_for_what_is_local(c):
    lab = c.lab(*SPECS, services={"web": Service([1, 2, 3])})
    lab[2].conf = 'listen = "%s"\nverbosity = 4\n' % lab[2].ip
    lab.up()
    lab.await_linked()
    lab.await_placed(web=1)
    write(lab[1], "services", "web 2 1 3\n")
    write(lab[1], "cluster.conf", read(lab[1], "cluster.conf") + "port = 35790\nrekey_interval = 2h\n")
    before = read(lab[2], "services")
    begin = time.monotonic()
    p = lab[1].ctl("push", "config")
    took = time.monotonic() - begin
    for h in lab:
        expect("%s: applied" % h.name in p.stdout, "the report names host %d" % h.i, p.out)
    lab.await_placed(web=2)
    all_applied(lab, 1)
    conf = read(lab[2], "cluster.conf")
    expect('listen = "%s"' % lab[2].ip in conf, "what is host 2's own stays", conf)
    expect("rekey_interval = 2h" in conf and "verbosity" not in conf and "port" not in conf, "the rest is what was pushed", conf)
    expect(read(lab[3], "services") == "web 2 1 3\n" and read(lab[1], "services") == "web 2 1 3\n", "services is everywhere")
    kept = os.path.join(lab[2].state, "replaced")
    expect([open(os.path.join(kept, d, "services")).read() for d in os.listdir(kept)] == [before], "what was replaced is kept")
    for h in lab:
        hidden = [n for n in os.listdir(h.etc) if n.startswith(".")]
        expect(not hidden, "nothing is left beside the files of host %d" % h.i, *hidden)
        expect(os.stat(os.path.join(h.etc, "hosts")).st_mode & 0o777 == 0o600, "hosts keeps its mode on host %d" % h.i)
    p = lab[3].ctl("push", "config", json_out=True)
    expect(p["done"] and "configuration 2" in p["report"], "any host may push", json.dumps(p))
    print("pushed and applied on 3 hosts in %.0f ms" % (took * 1000))


def test_refused_by_one_changes_nothing(c):
    lab = c.lab(*SPECS, services={"web": Service([1, 2, 3])})
    data = os.path.join(lab[3].dir, "data")
    os.makedirs(os.path.join(data, "part"))
    elsewhere = os.path.join(lab[1].dir, "data")
    os.makedirs(elsewhere)
    for h in lab:
        h.conf = 'sync data { path = "%s" }\n' % (data if h.i == 3 else elsewhere)
    lab.up()
    lab.await_linked()
    lab.await_placed(web=1)
    own = read(lab[1], "cluster.conf")
    before = {h.i: files(h) for h in lab if h.i != 1}
    write(lab[1], "services", "web 3 2 1\n")
    write(lab[1], "cluster.conf", own + 'critical_dirs = "%s"\n' % os.path.join(data, "part"))
    p = lab[1].ctl("push", "config", ok=False)
    line = own.count("\n") + 1
    expect(p.returncode == 1, "refused", p.out)
    expect("%s: %s/cluster.conf:" % (lab[3].name, lab[3].etc) in p.out, "it names host and file", p.out)
    expect(":%d:" % line in p.out or ":%d:" % (line - 1) in p.out, "and the line", p.out)
    lab.expect_stable(1.5)
    for h in lab:
        if h.i != 1:
            expect(files(h) == before[h.i], "nothing is changed on host %d" % h.i)
        expect(pushed(h)["count"] == 0 and not pushed(h)["undecided"], "nothing is left of it on host %d" % h.i, pushed(h))
    write(lab[1], "cluster.conf", own + "colour = red\n")
    p = lab[1].ctl("push", "config", ok=False)
    expect(p.returncode == 1 and "cluster.conf:%d:" % line in p.out and "colour" in p.out, "its own fault is refused at once", p.out)
    write(lab[1], "cluster.conf", own)
    lab[1].ctl("push", "config")
    lab.await_placed(web=3)


def test_pusher_killed_before_it_decides(c):
    lab = c.lab(*SPECS, dead=20)
    lab.up()
    lab.await_linked(timeout=60)
    before = {h.i: files(h) for h in lab}
    write(lab[1], "cluster.conf", read(lab[1], "cluster.conf") + "rekey_interval = 3h\n")
    lab[3].freeze()
    lab[1].spawn([lab.program("clusterctl"), "--bus", lab[1].bus_address, "push", "config"], "push.log")
    until(lambda: pushed(lab[2])["undecided"] == lab[1].name, "host 2 has prepared it")
    p = lab[2].ctl("push", "config", ok=False)
    expect(p.returncode == 1 and "a push of " + lab[1].name in p.out, "a second push is refused, and told with whom", p.out)
    lab[1].kill()
    lab[3].thaw()
    time.sleep(1)
    for i in (2, 3):
        expect(files(lab[i]) == before[i], "nothing is changed on host %d" % i)
    lab[1].up()
    for h in lab:
        until(lambda: pushed(h)["undecided"] == "" and pushed(h)["count"] == 0, "host %d knows that nothing came of it" % h.i, timeout=60)
    lab.await_linked(timeout=60)
    until(lambda: lab[1].ctl("push", "config", ok=False).returncode == 0, "it can be pushed again", timeout=60)
    for h in lab:
        expect("rekey_interval = 3h" in read(h, "cluster.conf"), "it is in force on host %d" % h.i)


def test_away_host_gets_it_when_it_returns(c):
    lab = three(c)
    lab[3].crash()
    until(lambda: lab[1].host_view(3)["state"] == "down", "host 3 is away")
    write(lab[1], "services", "web 2 1 3\n")
    p = lab[1].ctl("push", "config")
    expect("%s: away" % lab[3].name in p.stdout, "the report says who is away", p.out)
    # It falls in the middle of putting another in place, as a power cut would have left it.
    write(lab[3], ".services.cluster-new", "web 1 3 2\n")
    write(lab[3], ".cluster-replace", "services\n")
    lab[3].up()
    until(lambda: read(lab[3], "services") == "web 2 1 3\n", "host 3 has it")
    all_applied(lab, 1)
    lab.await_placed(web=2)

    lab[3].crash()
    until(lambda: lab[1].host_view(3)["state"] == "down", "host 3 is away again")
    folder = os.path.join(lab[3].dir, "data")
    os.makedirs(os.path.join(folder, "part"))
    os.makedirs(os.path.join(lab[1].dir, "data"))
    base = read(lab[1], "cluster.conf")
    write(lab[3], "cluster.conf", base + 'sync data { path = "%s" }\n' % folder)
    more = 'sync data { path = "%s" }\ncritical_dirs = "%s"\n' % (os.path.join(lab[1].dir, "data"), os.path.join(folder, "part"))
    write(lab[1], "cluster.conf", base + more)
    lab[1].ctl("push", "config")
    lab[3].up()
    until(lambda: lab[1].host_view(3)["standby"], "host 3, which must refuse it, is on standby")
    why = pushed(lab[3])["refused"]
    expect("cluster.conf:" in why, "and says why", why)
    expect("cannot be applied here" in lab[3].log_text(), "with an alert")
    told = {h.i: h.ctl("status").stdout for h in lab}
    expect("cannot be applied here, so this host is on standby: " in told[3], "its status says so to people", told[3])
    expect("configuration 2 of %s is not in place yet on: %s\n" % (lab[1].name, lab[3].name) in told[1], "the others', where it is not", told[1])
    p = lab[1].ctl("online", lab[3].name, ok=False)
    expect(p.returncode == 1 and "cluster.conf:" in p.out, "it cannot be ordered online", p.out)
    write(lab[3], "cluster.conf", base)
    lab[3].reload()
    all_applied(lab, 2)
    until(lambda: not lab[1].host_view(3)["standby"], "it is online again")


def test_service_folder_and_file(c):
    lab = c.lab(*SPECS, services={"web": Service([1, 2])})
    for h in lab:
        os.makedirs(os.path.join(h.dir, "data"))
        h.conf = 'sync data { path = "%s" }\n' % os.path.join(h.dir, "data")
    lab.up()
    lab.await_linked()
    lab.await_placed(web=1)
    until(lambda: all(r["state"] == "in sync" for r in lab[1].status()["files"]["roots"]), "all is in sync")

    def folder(h, name):
        return os.path.join(h.etc, "services.d", "web", name)

    starts = open(folder(lab[2], "start")).read()
    with open(folder(lab[1], "site.conf"), "w") as f:
        f.write("x" * 300000)
    with open(folder(lab[1], "start"), "a") as f:
        f.write("# edited on host 1\n")
    begin = time.monotonic()
    lab[1].ctl("push", "service", "web")
    took = time.monotonic() - begin
    expect(os.path.getsize(folder(lab[2], "site.conf")) == 300000, "host 2 has it as soon as that is answered")
    expect(open(folder(lab[2], "start")).read() == starts, "start stays each host's own")
    expect(not os.path.exists(folder(lab[3], "site.conf")), "host 3, which is not on its line, has no folder")
    p = lab[3].ctl("push", "service", "web", ok=False)
    expect(p.returncode == 1 and "not on the line" in p.out, "nor may it push one", p.out)

    path = os.path.join(lab[3].dir, "data", "file")
    with open(path, "w") as f:
        f.write("one file")
    lab[3].ctl("push", "file", path)
    for i in (1, 2):
        expect(open(os.path.join(lab[i].dir, "data", "file")).read() == "one file", "host %d has the file" % i)
    p = lab[3].ctl("push", "file", "/etc/hostname", ok=False)
    expect(p.returncode == 1 and "kept alike" in p.out, "a file that is in no root is refused", p.out)
    p = lab[3].ctl("push", "file", path + "x", ok=False)
    expect(p.returncode == 1 and "nothing is at" in p.out, "as is one that is not there", p.out)
    print("a service folder pushed in %.0f ms" % (took * 1000))
