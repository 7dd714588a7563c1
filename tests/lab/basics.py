"""What everything here stands on: constants, expectations, services, and agents for namespaces."""
import json
import os
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PYTHON = "/usr/bin/python3"
NET = "10.77.0."
PUBLIC_NET = "203.0.113."  # where there are routers
PORT = 35790
BEAT, DEAD = 0.25, 1.5      # s
PATIENCE = float(os.environ.get("LAB_PATIENCE", "20"))  # s until an expectation has failed


class Failure(Exception):
    """An expectation was not met."""


class Skip(Exception):
    pass


def passphrase(i):
    return "open sesame %d" % i


def sh(*argv, check=True, timeout=30, **kw):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, **kw)
    if check and p.returncode:
        raise RuntimeError("%s: %s" % (" ".join(argv), p.stdout))
    return p.stdout


def expect(truth, what, *details):
    if not truth:
        raise Failure(what + "".join("\n    " + str(d) for d in details))


def until(condition, what, timeout=None, every=0.02):
    """Waits for a true value and returns it; `what` is said when it does not come in time."""
    timeout = timeout or PATIENCE
    end = time.monotonic() + timeout
    while True:
        v = condition()
        if v:
            return v
        if time.monotonic() > end:
            raise Failure("not within %g s: %s" % (timeout, what() if callable(what) else what))
        time.sleep(every)


class Service:
    """One line of services and, for its hosts, the folder."""

    def __init__(self, preference, status=None, conf="", start="", stop="", only=None, scripts=True):
        self.preference, self.conf = list(preference), conf
        self.snippets = {"start": start, "stop": stop}
        self.status = status      # None: no status script; else a snippet ("" is the plain one)
        self.only = only          # hosts to which the snippets are limited
        self.scripts = scripts    # False: none, as `conf` names an agent


class Event:
    def __init__(self, line):
        v = line.split()
        self.t = int(v[0].replace(".", "")) * 1000
        self.host, self.service, self.script, self.phase = int(v[1]), v[2], v[3], v[4]
        self.reason, self.epoch, self.sender, self.to = v[5:9]

    def __repr__(self):
        return "%.3f host %d %s %s %s (%s, epoch %s)" % (
            self.t % 10**12 / 1e9, self.host, self.service, self.script, self.phase, self.reason, self.epoch)


class Segment:
    """Where hosts are plugged in: a bridge in an agent's network, and the way out of it, if there is one."""

    def __init__(self, net, bridge, agent=None, gateway=None):
        self.net, self.bridge, self.agent, self.gateway = net, bridge, agent, gateway


class Agent:
    """Process 1 of a set of namespaces."""

    def __init__(self, hostname, kinds):
        self.proc = subprocess.Popen(
            ["unshare"] + kinds + ["--fork", "--kill-child", "--mount-proc", PYTHON,
                                   os.path.join(HERE, "agent.py"), hostname],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        if not self.proc.stdout.readline():
            raise RuntimeError("%s did not boot" % hostname)
        with open("/proc/%d/task/%d/children" % (self.proc.pid, self.proc.pid)) as f:
            self.init = int(f.read().split()[0])

    def rpc(self, op, **c):
        self.proc.stdin.write(json.dumps(dict(c, op=op)) + "\n")
        answer = json.loads(self.proc.stdout.readline())
        if "error" in answer:
            raise RuntimeError("%s: %s" % (op, answer["error"]))
        return answer

    def ip(self, *argv):
        return sh("nsenter", "-t", str(self.init), "-n", "ip", *argv)

    def bridge(self, name):
        self.ip("link", "add", name, "type", "bridge", "mcast_snooping", "0", "stp_state", "0", "forward_delay", "0")
        self.ip("link", "set", name, "up")

    def close(self):
        self.proc.stdin.close()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.proc.stdout.close()
