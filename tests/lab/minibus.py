"""The little of D-Bus that the lab needs: calls, signals, and answering calls, on one connection.

Small and quick enough to ask a daemon's status every few milliseconds, and without any library. See the
D-Bus specification, "Message Protocol". Not for anything but tests.
"""
import os
import select
import socket
import struct
import time

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_TO, DESTINATION, SENDER, SIGNATURE, UNIX_FDS = range(1, 10)
HEADER_TYPES = {PATH: "o", INTERFACE: "s", MEMBER: "s", ERROR_NAME: "s", REPLY_TO: "u",
                DESTINATION: "s", SENDER: "s", SIGNATURE: "g", UNIX_FDS: "u"}
FIXED = {"y": ("B", 1), "b": ("I", 4), "n": ("h", 2), "q": ("H", 2), "i": ("i", 4), "u": ("I", 4),
         "x": ("q", 8), "t": ("Q", 8), "d": ("d", 8), "h": ("I", 4)}
ALIGN = {"s": 4, "o": 4, "g": 1, "a": 4, "v": 1, "(": 8, "{": 8}


class BusError(Exception):
    def __init__(self, name, text):
        super().__init__("%s: %s" % (name, text))
        self.name, self.text = name, text


class Gone(Exception):
    """The bus closed the connection, or could not be reached."""


def pad(n, to):
    return -n % to


def one_type(sig, i):
    """The end of the single complete type that begins at sig[i]."""
    if sig[i] == "a":
        return one_type(sig, i + 1)
    if sig[i] in "({":
        depth, j = 1, i + 1
        while depth:
            depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(sig[j], 0)
            j += 1
        return j
    return i + 1


def put(out, t, v):
    if t in FIXED:
        f, size = FIXED[t]
        out += b"\0" * pad(len(out), size) + struct.pack("<" + f, int(v) if f != "d" else v)
    elif t in "so":
        b = v.encode()
        out += b"\0" * pad(len(out), 4) + struct.pack("<I", len(b)) + b + b"\0"
    elif t == "g":
        out += struct.pack("B", len(v)) + v.encode() + b"\0"
    elif t == "v":
        put(out, "g", v[0])
        put(out, v[0], v[1])
    else:
        raise ValueError("cannot write type " + t)


class Reader:
    def __init__(self, buf):
        self.buf, self.at = buf, 0

    def align(self, to):
        self.at += pad(self.at, to)

    def fixed(self, t):
        f, size = FIXED[t]
        self.align(size)
        v = struct.unpack_from("<" + f, self.buf, self.at)[0]
        self.at += size
        return bool(v) if t == "b" else v

    def text(self, n):
        v = self.buf[self.at:self.at + n].decode("utf-8", "replace")
        self.at += n + 1
        return v

    def read(self, sig):
        out, i = [], 0
        while i < len(sig):
            j = one_type(sig, i)
            out.append(self.value(sig[i:j]))
            i = j
        return out

    def value(self, t):
        c = t[0]
        if c in FIXED:
            return self.fixed(c)
        if c in "so":
            return self.text(self.fixed("u"))
        if c == "g":
            return self.text(self.fixed("y"))
        if c == "v":
            return self.value(self.text(self.fixed("y")))
        if c == "a":
            n = self.fixed("u")
            self.align(FIXED[t[1]][1] if t[1] in FIXED else ALIGN[t[1]])
            end, out = self.at + n, []
            while self.at < end:
                out.append(self.value(t[1:]))
            return dict(out) if t[1] == "{" else out
        self.align(8)
        return tuple(self.read(t[1:-1]))


class Message:
    def __init__(self, kind, serial, fields, body):
        self.kind, self.serial, self.body, self.t = kind, serial, body, time.time_ns()
        self.path, self.interface = fields.get(PATH), fields.get(INTERFACE)
        self.member, self.error = fields.get(MEMBER), fields.get(ERROR_NAME)
        self.reply_to, self.sender = fields.get(REPLY_TO), fields.get(SENDER)


class Connection:
    """`path` is a unix socket of the file system. With `fds` descriptors can be sent."""

    def __init__(self, path, timeout=5, fds=False):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.buf, self.serial, self.inbox = b"", 0, []
        try:
            self.sock.connect(path)
            self.negotiate(b"\0AUTH EXTERNAL %s\r\n" % str(os.getuid()).encode().hex().encode(), b"OK ")
            if fds:
                self.negotiate(b"NEGOTIATE_UNIX_FD\r\n", b"AGREE_UNIX_FD")
            self.sock.sendall(b"BEGIN\r\n")
            self.name = self.call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                  "org.freedesktop.DBus", "Hello")[0]
        except (OSError, Gone) as e:
            self.sock.close()
            raise Gone(str(e)) from e

    def negotiate(self, said, expected):
        self.sock.sendall(said)
        line = b""
        while not line.endswith(b"\r\n"):
            got = self.sock.recv(1)
            if not got:
                raise Gone("the bus refused us")
            line += got
        if not line.startswith(expected):
            raise Gone("the bus said " + line.decode("utf-8", "replace"))

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, kind, fields, sig="", args=(), fds=()):
        self.serial += 1
        types, body, i = [], bytearray(), 0
        while i < len(sig):
            j = one_type(sig, i)
            types.append(sig[i:j])
            i = j
        for t, v in zip(types, args):
            put(body, t, v)
        if sig:
            fields = dict(fields, **{}) | {SIGNATURE: sig}
        if fds:
            fields = fields | {UNIX_FDS: len(fds)}
        inner = bytearray()
        for code, v in fields.items():
            inner += b"\0" * pad(len(inner), 8) + bytes([code])
            put(inner, "g", HEADER_TYPES[code])
            put(inner, HEADER_TYPES[code], v)
        head = struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), self.serial, len(inner)) + inner
        try:
            whole = head + b"\0" * pad(len(head), 8) + body
            sent = socket.send_fds(self.sock, [whole], list(fds)) if fds else 0
            self.sock.sendall(whole[sent:])
        except OSError as e:
            raise Gone(str(e)) from e
        return self.serial

    def receive(self, timeout):
        """The next message, or None when `timeout` seconds have passed."""
        end = time.monotonic() + timeout
        while True:
            m = self.parse()
            if m:
                return m
            left = end - time.monotonic()
            if not select.select([self.sock], [], [], max(left, 0))[0]:
                return None
            try:
                got = self.sock.recv(65536)
            except OSError as e:
                raise Gone(str(e)) from e
            if not got:
                raise Gone("the bus closed the connection")
            self.buf += got

    def parse(self):
        if len(self.buf) < 16:
            return None
        order = "<" if self.buf[:1] == b"l" else ">"
        if order == ">":
            raise Gone("big-endian message")
        body_len, serial, head_len = struct.unpack_from("<III", self.buf, 4)
        head_end = 16 + head_len + pad(16 + head_len, 8)
        if len(self.buf) < head_end + body_len:
            return None
        r = Reader(self.buf[:head_end])
        r.at = 12
        fields = dict(r.value("a(yv)"))
        body = Reader(self.buf[head_end:head_end + body_len]).read(fields.get(SIGNATURE, ""))
        m = Message(self.buf[1], serial, fields, body)
        self.buf = self.buf[head_end + body_len:]
        return m

    def call(self, dest, path, interface, member, sig="", *args, timeout=10):
        s = self.send(CALL, {PATH: path, INTERFACE: interface, MEMBER: member, DESTINATION: dest}, sig, args)
        end = time.monotonic() + timeout
        while True:
            m = self.receive(end - time.monotonic())
            if m is None:
                raise BusError("lab.Timeout", "no answer to %s in %g s" % (member, timeout))
            if m.reply_to == s and m.kind == RETURN:
                return m.body
            if m.reply_to == s and m.kind == ERROR:
                raise BusError(m.error, m.body[0] if m.body else "")
            if m.kind in (CALL, SIGNAL):
                self.inbox.append(m)

    def bus(self, member, sig="", *args):
        return self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                         member, sig, *args)

    def manager(self, member, sig="", *args, timeout=10):
        return self.call("com.bammeson.cluster", "/com/bammeson/cluster",
                         "com.bammeson.cluster.Manager1", member, sig, *args, timeout=timeout)

    def subscribe(self, rule="type='signal',sender='com.bammeson.cluster'"):
        self.bus("AddMatch", "s", rule)

    def drain(self, seconds=0.0):
        """Every call and signal that came, waiting up to `seconds` for more."""
        end = time.monotonic() + seconds
        while True:
            m = self.receive(max(end - time.monotonic(), 0))
            if m is None:
                out, self.inbox = self.inbox, []
                return out
            if m.kind in (CALL, SIGNAL):
                self.inbox.append(m)

    def answer(self, m, sig="", *args, fds=()):
        self.send(RETURN, {REPLY_TO: m.serial, DESTINATION: m.sender}, sig, args, fds)

    def refuse(self, m, name, text):
        self.send(ERROR, {REPLY_TO: m.serial, DESTINATION: m.sender, ERROR_NAME: name}, "s", (text,))

    def signal(self, path, interface, member, sig="", *args):
        self.send(SIGNAL, {PATH: path, INTERFACE: interface, MEMBER: member}, sig, args)
