"""Floods from outside: what they cost, and that who belongs here gets in nevertheless."""
import json
import os
import resource

from lab import HERE, PORT, PYTHON, Service, Skip, expect, until

IDLE, PER_SECOND = 10_000, 200
MEMORY_MIB = 64


def memory_mib(h):
    """Of the engine, which strangers talk to."""
    with open(h.outer(h.engine()) + "/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:")) / 1024


def cpu_ms(h):
    return sum(int(open(task + "/schedstat").read().split()[0]) for task in h.tasks()) / 1e6


class Flood:
    """From one host's address against another's port."""

    def __init__(self, source, target, idle, rate, seconds):
        self.source, self.log = source, os.path.join(source.dir, "flood.log")
        self.ready = os.path.join(source.dir, "flooding")
        self.pid = source.spawn([PYTHON, os.path.join(HERE, "flood.py"), target.ip, str(PORT), str(idle), str(rate),
                                 str(seconds), self.ready], "flood.log")["pid"]

    def begun(self):
        return os.path.exists(self.ready)

    def over(self):
        return self.source.exit_of(self.pid) is not None

    def result(self):
        until(self.over, "the flood ends", 120)
        with open(self.log) as f:
            text = f.read()
        expect(self.source.exit_of(self.pid) == 0, "the flood itself works", text)
        return json.loads(text)


def downs(h):
    return sum(e["text"].endswith(" is down") for e in json.loads(h.connect().manager("Events", timeout=5)[0]))


def strangers(h):
    return h.status()["strangers"]


def test_flood(c):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < IDLE + 5000:
        raise Skip("needs %d open files" % (IDLE + 5000))
    lab = c.lab("addr", "addr", "addr", "dyn:roamer", services={"web": Service([1, 2])}, beat=1, dead=5)
    lab.acquaint().up()
    one, three, four = lab[1], lab[3], lab[4]
    lab.await_linked(timeout=40)
    lab.await_placed(web=1, timeout=40)
    one.run("prlimit", "--pid", str(one.engine()), "--nofile=1024:1024")
    before = strangers(one)
    ended = {h.i: downs(h) for h in (one, lab[2], three)}
    cpu = cpu_ms(one)

    flood = Flood(four, one, IDLE, PER_SECOND, 25)
    most, peak = [0.0], [0]

    def look():
        s = one.status()
        expect(s, "host 1 answers all the while")
        most[0] = max(most[0], memory_mib(one))
        peak[0] = max(peak[0], s["strangers"]["waiting"])
        down = [v["id"] for v in s["hosts"] if v["state"] != "up"]
        return s, down

    def steady(end, what):
        def step():
            _, down = look()
            expect(not down, "no host goes down", lab.describe())
            return end()
        until(step, what, 60, 0.1)

    def linked_again(i):
        def step():
            s, _ = look()
            return any(v["id"] == i and v["state"] == "up" and v["path"] == "direct" for v in s["hosts"])
        return step

    steady(flood.begun, "ten thousand connections were made")
    mark = strangers(one)["connections"]
    steady(lambda: strangers(one)["connections"] > mark + 4 * PER_SECOND, "the flood goes on")
    now = strangers(one)
    expect(now["authenticated"] == before["authenticated"], "no link was made anew", before, now)
    for i, n in ended.items():
        expect(downs(lab[i]) == n, "host %d saw nobody go down" % i, lab[i].connect().manager("Events")[0])

    for host, where in ((three, "another address"), (four, "the address of the flood")):
        host.kill()
        until(lambda: not linked_again(host.i)(), "host %d is seen to be gone" % host.i)
        host.up()
        until(linked_again(host.i), "host %d is back from %s" % (host.i, where), 30, 0.05)
        expect(not flood.over(), "while the flood went on")
    result = flood.result()
    expect(result["made"] >= IDLE + 10 * PER_SECOND, "it was a flood", result)
    after = strangers(one)
    print("flood %s; host 1: %.1f MiB, %.0f ms CPU, %d strangers at most, refused %s" % (
        result, most[0], cpu_ms(one) - cpu, peak[0], {k: v for k, v in after["refused"].items() if v}))
    expect(most[0] < (1000 if "sanitize" in lab.build else MEMORY_MIB), "host 1 took %.1f MiB" % most[0])
    expect(peak[0] <= 64, "at most 64 strangers at once", peak[0])
    for kind in ("room", "no-tls", "tls", "size"):
        expect(after["refused"][kind] > 0, "counted: " + kind, after)
    until(lambda: strangers(one)["waiting"] == 0, "all strangers are gone")
    lines = [l for l in one.log_text().splitlines() if four.ip + ":" in l]
    expect(lines and len(lines) <= 25, "it is said with the address, but not for every connection", len(lines), *lines[:40])
    lab.await_linked(timeout=40)
    lab.await_placed(web=1)


def test_guesses_are_slowed(c):
    """A wrong passphrase: after a few tries each has to wait longer, and mending it mends everything."""
    lab = c.lab("addr", "addr", "addr")
    lab.ready()
    lab[3].write_hosts(lab.hosts_text().replace(lab[3].pass_phrase, "open barley 3"))
    lab.up()
    lab.await_linked(1, 2)
    until(lambda: strangers(lab[1])["refused"]["guesses"] > 2, "host 3 has to wait before it may guess again", 60)
    s = strangers(lab[1])
    expect(s["guesses"] <= 8 and s["refused"]["wrong-secret"] >= 5, "few guesses were answered", s)
    said = lab[1].ctl("status").out
    expect("connections refused since the start: wrong-secret" in said, "clusterctl says it", said)
    expect(lab.linked(1, 2), "the others stay linked")
    lab[3].write_hosts()
    lab[3].reload()
    lab.await_linked(timeout=60)
