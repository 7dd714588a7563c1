"""What systemd would hear of a daemon; unit.py also acts."""
import re
import socket
import time


class Notify:
    """What systemd would hear."""

    def __init__(self, path):
        self.path, self.got = path, []
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(path)
        self.sock.setblocking(False)

    def read(self):
        while True:
            try:
                self.got.append((time.monotonic(), self.sock.recv(8192).decode()))
            except BlockingIOError:
                return self.got

    def has(self, word, since=0):
        return [m for t, m in self.read() if t >= since and re.search("^" + word, m, re.M)]
