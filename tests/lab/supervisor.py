"""What systemd would do for the unit of a daemon: hear it, and act where it falls silent."""
import re
import signal
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


class Supervisor(Notify):
    """Type=notify, WatchdogSec=, WatchdogSignal=SIGKILL, ExecStopPost=clusterd --fence, Restart=on-failure."""

    def __init__(self, host, watchdog=30):
        super().__init__(host.dir + "/notify")
        self.host, self.watchdog, self.starts = host, watchdog, 0

    def up(self):
        self.got.clear()
        self.allowed = self.watchdog
        self.host.up(env={"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(int(self.watchdog * 1e6))})
        self.fed, self.starts = time.monotonic(), self.starts + 1

    def tend(self):
        """To be called again and again. True: it has acted."""
        for t, message in self.read():
            asked = re.search(r"^WATCHDOG_USEC=(\d+)$", message, re.M)
            self.allowed = int(asked.group(1)) / 1e6 if asked else self.allowed
            if re.search(r"^WATCHDOG=1$", message, re.M):
                self.fed = t
        if time.monotonic() < self.fed + self.allowed:
            return False
        self.host.signal(signal.SIGKILL)
        self.host.wait_exit()
        self.host.run(*self.host.argv("--fence"))
        self.host.lab.note(time.time_ns(), self.host.i, "crash")
        self.up()
        return True
