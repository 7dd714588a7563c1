"""What the journal is given: a failover followed by its fields alone, and a journal that hangs and holds nobody up."""
import json
import os
import signal

from lab import HERE, PYTHON, Service, expect, until

IDS = {"host-down": "0a4ba734c15c427fbd4351061c84d79b", "service-state": "cc03d19c38a84f5e8d268c3840ea09b3",
       "failover": "f8b4c757f98845818fa2f57c9838282f"}


class Journal:
    """Of one host: a stand-in at the journal's socket, and the daemon's stderr as what the journal reads."""

    def __init__(self, h):
        self.h, self.path = h, os.path.join(h.dir, "journal")
        p = h.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        expect(p.returncode == 0, "a /run of its own", p.out)
        h.run("mkdir", "-p", "/run/systemd/journal")
        self.pid = h.spawn([PYTHON, os.path.join(HERE, "journal.py"), "/run/systemd/journal/socket", self.path])["pid"]
        until(lambda: h.run("test", "-S", "/run/systemd/journal/socket").returncode == 0, "the journal listens")
        self.before = h.log_size()  # of when it was without a journal
        info = os.stat(h.log)
        self.env = {"JOURNAL_STREAM": "%d:%d" % (info.st_dev, info.st_ino)}

    def entries(self, **match):
        with open(self.path) as f:
            found = [json.loads(line) for line in f if line.endswith("\n")]
        return [e for e in found if all(e.get(k) == v for k, v in match.items())]

    def signal(self, number):
        self.h.agent.rpc("kill", pid=self.pid, signal=int(number))


def beds(c):
    lab = c.lab("addr:one", "addr:two", "addr:three", services={"web": Service([3, 1, 2])}).ready().acquaint()
    journals = {h.i: Journal(h) for h in lab}
    for h in lab:
        h.up(env=journals[h.i].env)
    lab.await_linked()
    lab.await_placed(web=3)
    return lab, journals


def test_a_failover_by_its_fields(c):
    lab, journals = beds(c)
    journal = journals[1]
    expect(lab[1].log_text(journal.before) == "", "nothing goes to stderr", lab[1].log_text(journal.before))
    lab[3].crash()
    lab.await_placed(web=1)
    until(lambda: journal.entries(MESSAGE_ID=IDS["failover"]), "the failover is told")
    down = journal.entries(MESSAGE_ID=IDS["host-down"], CLUSTER_SUBJECT="three", PRIORITY="6")
    expect([e["CLUSTER_HOST_ID"] for e in down] == ["3"], "the transition, once", *down)
    alerts = journal.entries(MESSAGE_ID=IDS["host-down"], PRIORITY="2")
    expect([e["MESSAGE"] for e in alerts] == ["alert: host three is down: it cannot be reached"], "and its alert", *alerts)
    states = journal.entries(MESSAGE_ID=IDS["service-state"], CLUSTER_SUBJECT="web", CLUSTER_HOST_ID="1")
    expect([e["CLUSTER_STATE"] for e in states[-3:]] == ["claiming", "starting", "running"], "what became of the service", *states)
    expect(all(e["SYSLOG_IDENTIFIER"] == "clusterd" for e in journal.entries()), "who says so")


def test_a_journal_that_hangs(c):
    """Nobody reads it: the daemon goes on, and says how much was lost once it is read again."""
    lab, journals = beds(c)
    journals[1].signal(signal.SIGSTOP)
    for verb in ("standby", "online") * 10:
        lab[1].ctl(verb, "three")
    lab.await_placed(web=3)
    lab[3].crash()
    lab.await_placed(web=1)
    journals[1].signal(signal.SIGCONT)
    lab[1].ctl("reload")
    until(lambda: journals[1].entries(MESSAGE="configuration reloaded"), "it is read again")
