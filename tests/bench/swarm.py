"""Many daemons on loopback addresses of one network namespace: Cluster's, and serf's beside them.

What each sees of the others is read from its own log, each line stamped when it arrives here. The process that makes a swarm is in a
network namespace of its own (`alone`), so nothing is left of it afterwards but files.
"""
import ctypes
import os
import re
import selectors
import shutil
import signal
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
CLUSTER_PORT = 35790
TICK_SECONDS = 0.005


def alone():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Swarm:
    """Daemons 1 to n; subclasses say how one is started and what its log says."""
    what = None  # matches a line; its groups `who` and `how` are the other, and what became of it

    def __init__(self, n, folder):
        self.n, self.folder = n, folder
        self.procs, self.parts, self.seen = {}, {}, {}
        self.up = {}  # how many each sees up
        self.tails = {}
        self.lock, self.ending = threading.Lock(), False
        self.selector = selectors.DefaultSelector()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    # ------------------------------------------------------------------------------ what they say

    def read(self):
        while not self.ending:
            for key, _ in self.selector.select(0.2):
                data = os.read(key.fd, 65536)
                now = time.time()
                if not data:  # nobody else closes it
                    self.selector.unregister(key.fileobj)
                    self.parts.pop(key.fileobj, None)
                    key.fileobj.close()
                    continue
                who = key.data
                *lines, self.parts[key.fileobj] = (self.parts.get(key.fileobj, b"") + data).split(b"\n")
                for line in lines:
                    text = line.decode(errors="replace")
                    self.tails.setdefault(who, []).append(text)
                    del self.tails[who][:-8]
                    m = self.what.search(text)
                    if m:
                        self.note(who, self.number(m["who"]), m["how"] in ("up", "Join"), now)

    def note(self, who, other, up, now):
        if other == who:
            return
        with self.lock:
            self.up[who] += up - self.seen[who].get(other, (False, 0))[0]
            self.seen[who][other] = (up, now)

    def number(self, address):
        return int(address.rsplit(".", 1)[1])

    def start(self, i):
        with self.lock:
            self.seen[i], self.up[i] = {}, 0
        began = time.time()
        p = subprocess.Popen(self.command(i), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.procs[i] = p
        self.selector.register(p.stdout, selectors.EVENT_READ, i)
        return began

    def await_all(self, since, look, timeout):
        """Seconds from `since` until `look(seen)` gives the time of the last of what is awaited; None: not in time."""
        end = time.time() + timeout
        while time.time() < end:
            with self.lock:
                at = look(self.seen)
            if at is not None:
                return at - since
            time.sleep(TICK_SECONDS)
        return None

    def whole(self, since, timeout):
        """All see all others up. What is looked at in each round is little: the daemons need the processors."""
        def look(seen):
            if any(self.up[i] < self.n - 1 for i in self.procs):
                return None
            return max(at for i in self.procs for _, at in seen[i].values())
        return self.await_all(since, look, timeout)

    def noticed(self, since, who, up, by, timeout):
        def look(seen):
            stamps = [seen[i].get(who, (not up, 0)) for i in by if i != who]
            return max(at for _, at in stamps) if all(s[0] == up for s in stamps) else None
        return self.await_all(since, look, timeout)

    # ------------------------------------------------------------------------------ what is done to them

    def pids(self, i):
        p = self.procs[i].pid
        try:
            with open("/proc/%d/task/%d/children" % (p, p)) as f:
                return [p] + [int(x) for x in f.read().split()]
        except OSError:
            return [p]

    def kill(self, i):
        pids = self.pids(i)
        at = time.time()
        for p in pids:
            os.kill(p, signal.SIGKILL)
        self.procs[i].wait()
        return at

    def silence(self, i):
        """Stands still, all of it: its sockets stay, and say nothing."""
        at = time.time()
        for p in self.pids(i):
            os.kill(p, signal.SIGSTOP)
        return at

    def unsilence(self, i):
        at = time.time()
        for p in self.pids(i):
            os.kill(p, signal.SIGCONT)
        return at

    def address(self, i):
        return "127.0.1.%d" % i

    def end(self):
        for i, p in self.procs.items():
            for pid in self.pids(i) if p.poll() is None else []:
                os.kill(pid, signal.SIGKILL)
        for p in self.procs.values():
            p.wait()
        while self.selector.get_map():
            time.sleep(TICK_SECONDS)
        self.procs.clear()

    def close(self):
        self.end()
        self.ending = True
        self.reader.join()

    # ------------------------------------------------------------------------------ what they cost

    def cpu(self):
        """Seconds of processor time of all threads of all."""
        total = 0
        for i in self.procs:
            for p in self.pids(i):
                try:
                    for t in os.listdir("/proc/%d/task" % p):
                        with open("/proc/%d/task/%s/schedstat" % (p, t)) as f:
                            total += int(f.read().split()[0])
                except OSError:
                    pass
        return total / 1e9

    def rest(self, timeout):
        """Waits until all of them take less than a fifth of a processor."""
        end = time.time() + timeout
        before, now = self.cpu(), None
        while now is None or (now - before > 0.2 and time.time() < end):
            before = self.cpu() if now is None else now
            time.sleep(1)
            now = self.cpu()

    def pss(self):
        """MiB of all."""
        total = 0
        for i in self.procs:
            for p in self.pids(i):
                try:
                    with open("/proc/%d/smaps_rollup" % p) as f:
                        total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
                except OSError:
                    pass
        return total / 1024

    def sent(self):
        """Bytes that went over the loopback."""
        with open("/proc/self/net/dev") as f:
            line = next(x for x in f if x.strip().startswith("lo:"))
        return int(line.split(":")[1].split()[8])


class Cluster(Swarm):
    what = re.compile(r"host (?P<who>127\.0\.1\.\d+) is (?P<how>up|down)")

    def __init__(self, n, folder, build, beat=1.0, dead=5.0):
        super().__init__(n, folder)
        self.program = os.path.join(build, "clusterd")
        hosts = "".join("%s the-passphrase-of-%d\n" % (self.address(i), i) for i in range(1, n + 1))
        for i in range(1, n + 1):
            etc = os.path.join(folder, str(i), "etc")
            os.makedirs(etc)
            os.mkdir(os.path.join(folder, str(i), "state"), 0o700)
            for name, text in (("hosts", hosts), ("services", ""),
                               ("cluster.conf", 'listen = "%s"\nbeat_interval = %g\ndead_time = %g\n' % (self.address(i), beat, dead))):
                path = os.path.join(etc, name)
                with open(path, "w") as f:
                    f.write(text)
                os.chmod(path, 0o600)

    def command(self, i):
        home = os.path.join(self.folder, str(i))
        return [self.program, "--config-dir", os.path.join(home, "etc"), "--state-dir", os.path.join(home, "state"),
                "--bus", "none", "--id", str(i), "--foreground"]

    def links(self):
        """Of each host, on average: sockets of established connections, of which each link has two."""
        count = 0
        with open("/proc/self/net/tcp") as f:
            for line in list(f)[1:]:
                words = line.split()
                ports = [int(words[k].split(":")[1], 16) for k in (1, 2)]
                count += words[3] == "01" and CLUSTER_PORT in ports
        return count / len(self.procs)

    def forget(self):
        """A first start: no key, no secret, nothing is cached."""
        for i in range(1, self.n + 1):
            state = os.path.join(self.folder, str(i), "state")
            shutil.rmtree(state)
            os.mkdir(state, 0o700)


class Serf(Swarm):
    what = re.compile(r"EventMember(?P<how>Join|Failed|Leave): a(?P<who>\d+)")

    def number(self, name):
        return int(name)

    def command(self, i):
        argv = ["serf", "agent", "-node", "a%d" % i, "-bind", self.address(i), "-rpc-addr", "127.0.2.%d:7373" % i]
        return argv + (["-retry-join", self.address(1), "-retry-interval", "1s"] if i > 1 else [])

    def links(self):
        """It sends packets, and has connections only for as long as two synchronise."""
        return None

    def forget(self):
        """It keeps nothing."""
