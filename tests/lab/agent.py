"""Process 1 of a host, a router, or of the switch between them, in namespaces of its own.

Reads orders from standard input, a line of JSON each, and answers each with one. When standard input
closes it exits; the kernel then ends whatever else lives in its pid namespace, and the network
namespace goes with it. Nothing has to be found or killed by name.

All times are nanoseconds since the epoch: one machine, one clock.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

SIOCGIFINDEX, SIOCBRADDIF, SIOCBRDELIF = 0x8933, 0x89A2, 0x89A3
SIOCETHTOOL, ETHTOOL_OFF = 0x8946, (0x17, 0x1F, 0x24)  # checksums, TCP's and everybody's segments
SO_ATTACH_FILTER, SO_TIMESTAMPNS = 26, 35
TIMESPEC = struct.Struct("qq")  # s, ns
ETH_P_ALL, PACKET_OUTGOING = 0x0003, 4
NETLINK_NETFILTER, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE = 12, 1, 2
NLM_F_REQUEST, NLM_F_ACK = 1, 4

# IPv4, TCP, no later fragment, SYN without ACK: whoever sends this dials.
SYN_FILTER = [
    (0x28, 0, 0, 12), (0x15, 0, 9, 0x0800), (0x30, 0, 0, 23), (0x15, 0, 7, 6),
    (0x28, 0, 0, 20), (0x45, 5, 0, 0x1FFF), (0xB1, 0, 0, 14), (0x50, 0, 0, 27),
    (0x54, 0, 0, 0x12), (0x15, 0, 1, 0x02), (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0)]


class Agent:
    def __init__(self):
        self.exits = {}
        self.syns = []
        self.sniffer = None

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self.exits[pid] = os.waitstatus_to_exitcode(status)

    def sniff(self):
        """Notes every dial that crosses the switch."""
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        code = b"".join(struct.pack("HBBI", *i) for i in SYN_FILTER)
        buf = ctypes.create_string_buffer(code)
        s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                     struct.pack("HL", len(SYN_FILTER), ctypes.addressof(buf)))
        s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:  # what came in before the filter
                s.recv(1)
        self.sniffer = s

    def note_syns(self):
        while self.sniffer:
            try:
                frame, extras, _, where = self.sniffer.recvmsg(256, socket.CMSG_SPACE(TIMESPEC.size))
            except BlockingIOError:
                return
            if where[2] == PACKET_OUTGOING or len(frame) < 48:
                continue
            tcp = 14 + (frame[14] & 15) * 4
            sport, dport = struct.unpack_from("!HH", frame, tcp)
            seconds, nanoseconds = TIMESPEC.unpack(extras[0][2])
            self.syns.append([seconds * 10**9 + nanoseconds, socket.inet_ntoa(frame[26:30]), sport,
                              socket.inet_ntoa(frame[30:34]), dport])

    def bridge(self, order, c):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            r = fcntl.ioctl(s, SIOCGIFINDEX, struct.pack("16si20x", c["port"].encode(), 0))
            index = struct.unpack("16si20x", r)[1]
            t = time.time_ns()
            fcntl.ioctl(s, order, struct.pack("16si20x", c["bridge"].encode(), index))
        return {"t": t}

    def frames(self, c):
        """From now on the interface sends what fits in a frame, whole, and its checksum with it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for switch in ETHTOOL_OFF:
                value = ctypes.create_string_buffer(struct.pack("II", switch, 0), 8)
                fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP16x", c["interface"].encode(), ctypes.addressof(value)))
        return {}

    def forget(self):
        """Every connection that this router translates."""
        header = struct.pack("=IHHII4B", 20, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
                             NLM_F_REQUEST | NLM_F_ACK, 1, 0, socket.AF_UNSPEC, 0, 0, 0)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as s:
            t = time.time_ns()
            s.sendto(header, (0, 0))
            error = struct.unpack_from("=i", s.recv(4096), 16)[0]
        if error:
            raise OSError(-error, os.strerror(-error))
        return {"t": t}

    def spawn(self, c):
        log = open(c["log"], "ab")
        env = dict(os.environ, **c.get("env", {}))
        t = time.time_ns()
        try:
            p = subprocess.Popen(c["argv"], stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=subprocess.STDOUT, env=env, start_new_session=True)
        except OSError as e:
            return {"error": str(e)}
        finally:
            log.close()
        p.returncode = 0  # reaped by reap(), never waited for through Popen
        return {"t": t, "pid": p.pid}

    def do(self, c):
        op = c["op"]
        if op == "spawn":
            return self.spawn(c)
        if op == "kill":
            t = time.time_ns()
            try:
                os.kill(c["pid"], c["signal"])
            except ProcessLookupError:
                return {"t": t, "gone": True}
            return {"t": t}
        if op == "killall":  # one system call: every process of this host but this one
            t = time.time_ns()
            try:
                os.kill(-1, signal.SIGKILL)
            except ProcessLookupError:
                pass
            for d in c.get("empty", []):
                for n in os.listdir(d):
                    os.unlink(os.path.join(d, n))
            while True:
                try:
                    pid, status = os.waitpid(-1, 0)
                    self.exits[pid] = os.waitstatus_to_exitcode(status)
                except ChildProcessError:
                    break
            return {"t": t}
        if op == "exits":
            self.reap()
            return {"exits": {str(k): v for k, v in self.exits.items()}}
        if op == "pids":
            return {"pids": [int(p) for p in os.listdir("/proc") if p.isdigit() and p != "1"]}
        if op == "plug":
            return self.bridge(SIOCBRADDIF, c)
        if op == "unplug":
            return self.bridge(SIOCBRDELIF, c)
        if op == "frames":
            return self.frames(c)
        if op == "forget":
            return self.forget()
        if op == "write":
            with open(c["path"], "w") as f:
                f.write(c["text"])
            return {}
        if op == "sniff":
            self.sniff()
            return {}
        if op == "syns":
            self.note_syns()
            return {"syns": self.syns}
        return {"error": "no such order: %s" % op}

    def run(self):
        wake_r, wake_w = os.pipe()
        os.set_blocking(wake_w, False)
        os.set_blocking(wake_r, False)
        signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, lambda *_: None)  # a handler, so that what is started here can be interrupted
        print(json.dumps({"ok": 1}), flush=True)
        pending = b""
        while True:
            fds = [0, wake_r] + ([self.sniffer] if self.sniffer else [])
            ready = select.select(fds, [], [])[0]
            if wake_r in ready:
                os.read(wake_r, 4096)
                self.reap()
            if self.sniffer in ready:
                self.note_syns()
            if 0 not in ready:
                continue
            got = os.read(0, 65536)
            if not got:
                os._exit(0)
            pending += got
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                try:
                    answer = self.do(json.loads(line))
                except OSError as e:
                    answer = {"error": str(e)}
                print(json.dumps(answer), flush=True)


socket.sethostname(sys.argv[1])
for scope in ("all", "default"):  # the figures of traffic are the daemons', not router solicitations'
    switch = "/proc/sys/net/ipv6/conf/%s/disable_ipv6" % scope
    if os.path.exists(switch):
        with open(switch, "w") as f:
            f.write("1")
Agent().run()
