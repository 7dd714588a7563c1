"""What systemd is to the unit clusterd.service: starts it, listens to it, kills what no longer speaks, and fences.

usage: unit.py RUN-FOLDER WATCHDOG-SECONDS RESTART-SECONDS PROGRAM ARGUMENT…

Runs inside a host. WATCHDOG= and WATCHDOG_USEC= are heeded as sd_notify(3) has them, as late as systemd's timers may be;
the watchdog sends SIGKILL (WatchdogSignal=) to the main process alone (KillMode=process). However that ends, PROGRAM
--fence follows (ExecStopPost=), and unless it ended with status 0, the next start (Restart=on-failure). `main` in the
folder is the main process, `notify` the socket, `log` what was done, with its time.
"""
import os
import select
import signal
import socket
import subprocess
import sys
import time

LATE = 0.25  # s: the accuracy of systemd's timers


class Unit:
    def __init__(self, folder, watchdog, pause, argv):
        self.folder, self.watchdog, self.pause, self.argv = folder, watchdog, pause, argv
        path = os.path.join(folder, "notify")
        if os.path.exists(path):
            os.unlink(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)
        self.env = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC=str(int(watchdog * 1e6)))

    def say(self, text):
        with open(os.path.join(self.folder, "log"), "a") as f:
            f.write("%.6f %s\n" % (time.time(), text))

    def drain(self):
        while True:
            try:
                self.socket.recv(8192)
            except BlockingIOError:
                return

    def heard(self, allowed):
        """What it has said, as how long it may now be silent; None: nothing of that."""
        spoke = None
        while True:
            try:
                words = dict(line.partition("=")[::2] for line in self.socket.recv(8192).decode().splitlines())
            except BlockingIOError:
                return spoke
            if "WATCHDOG_USEC" in words:
                allowed = spoke = int(words["WATCHDOG_USEC"]) / 1e6
                self.say("allows %.3f" % allowed)
            elif words.get("WATCHDOG") == "1":
                spoke = allowed

    def watch(self, main):
        """Until it has ended."""
        allowed, since = self.watchdog, time.monotonic()
        end = os.pidfd_open(main.pid)
        while True:
            wait = since + allowed + LATE - time.monotonic()
            ready = select.select([self.socket, end], [], [], max(wait, 0))[0]
            if end in ready:
                break
            spoke = self.heard(allowed)
            if spoke is not None:
                allowed, since = spoke, time.monotonic()
            elif wait <= 0:
                self.say("watchdog")
                main.send_signal(signal.SIGKILL)
                allowed = 3600
        os.close(end)
        return main.wait()

    def run(self):
        while True:
            self.drain()
            main = subprocess.Popen(self.argv, env=self.env)
            self.say("start %d" % main.pid)
            with open(os.path.join(self.folder, "main.new"), "w") as f:
                f.write(str(main.pid))
            os.rename(f.name, os.path.join(self.folder, "main"))
            code = self.watch(main)
            self.say("ended %d" % code)
            fence = subprocess.run([self.argv[0], "--fence"] + self.argv[1:])
            self.say("fence %d" % fence.returncode)
            if code == 0:
                return
            time.sleep(self.pause)


Unit(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]).run()
