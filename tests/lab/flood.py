"""A stranger: floods one host's port from this one address. Prints a line of JSON when it is done.

usage: flood.py ADDRESS PORT IDLE PER_SECOND SECONDS READY

First IDLE connections that say nothing, as fast as they can be made; then the file READY appears, and for
SECONDS come PER_SECOND more of every hostile kind in turn. Whatever the other end does with them, all
are kept until the end.
"""
import errno
import json
import os
import resource
import select
import socket
import ssl
import sys
import time

IN_FLIGHT = 256      # connects that have not ended
SPARE_FILES = 100


def client_hello(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


HELLO = client_hello(ssl.TLSVersion.TLSv1_3)
KINDS = [
    b"",
    HELLO,
    HELLO[:-1],
    HELLO[:40] + bytes(len(HELLO) - 40),
    HELLO + HELLO,
    client_hello(ssl.TLSVersion.TLSv1_2),
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\xff\xff\xff\xff" + bytes(60_000),
    b"\x16\x03\x01\x40\x00\x01" + bytes(70_000),
    os.urandom(2000),
]


class Flood:
    def __init__(self, target):
        self.target = target
        self.poll = select.epoll()
        self.held, self.connecting = {}, {}
        self.made = self.ended = self.failed = 0

    def dial(self, words):
        s = socket.socket()
        s.setblocking(False)
        error = s.connect_ex(self.target)
        if error not in (0, errno.EINPROGRESS):
            self.failed += 1
            s.close()
            return
        self.held[s.fileno()], self.connecting[s.fileno()] = s, words
        self.poll.register(s, select.EPOLLOUT | select.EPOLLIN)

    def turn(self, wait):
        for fd, what in self.poll.poll(wait):
            s = self.held[fd]
            if fd in self.connecting:
                words = self.connecting.pop(fd)
                error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                # A reset comes of a connection that was made and ended before anybody looked.
                self.made += error in (0, errno.ECONNRESET)
                self.ended += error == errno.ECONNRESET
                self.failed += error not in (0, errno.ECONNRESET)
                if error:
                    self.poll.unregister(fd)
                    continue
                self.poll.modify(fd, select.EPOLLIN)
                try:
                    s.send(words)
                except OSError:
                    pass
            try:
                if s.recv(65536):
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            self.ended += 1
            self.poll.unregister(fd)


def main():
    address, port, idle, rate, seconds, ready = sys.argv[1:]
    idle, rate, seconds = int(idle), int(rate), float(seconds)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = idle + int(rate * seconds) + SPARE_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard) if hard >= 0 else needed, hard))
    flood = Flood((address, int(port)))
    begin = time.monotonic()
    dialled = 0
    while dialled < idle or flood.connecting:
        while dialled < idle and len(flood.connecting) < IN_FLIGHT:
            flood.dial(b"")
            dialled += 1
        flood.turn(0.1)
    burst = time.monotonic() - begin
    open(ready, "w").close()
    begin, dialled = time.monotonic(), 0
    while time.monotonic() < begin + seconds:
        while dialled < (time.monotonic() - begin) * rate:
            flood.dial(KINDS[dialled % len(KINDS)])
            dialled += 1
        flood.turn(0.002)
    print(json.dumps({"made": flood.made, "ended": flood.ended, "failed": flood.failed, "dialled": dialled,
                      "burst": round(burst, 2)}))


main()
