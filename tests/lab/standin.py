"""What systemd and logind are to a daemon on its bus: transient scopes, which are real control groups, and sleep.

usage: standin.py BUS-SOCKET CGROUP-FOLDER FOLDER [systemd] [logind]

Runs inside a host. In FOLDER: `mode`, how StartTransientUnit is answered; `unit-NAME`, the state of a unit
that is no scope, and `unit-NAME.end`, how its next job ends if not as it should; `said`, a line of JSON each: what was asked and
what became of it. An emptied scope goes, as systemd's do. logind's PrepareForSleep is ordered by the methods Sleep() and
Wake() of interface lab.Standin: Sleep() answers when the machine would sleep, with whether everybody had let it.
"""
import contextlib
import json
import os
import select
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import minibus  # noqa: E402

SYSTEMD, LOGIND = "org.freedesktop.systemd1", "org.freedesktop.login1"
SYSTEMD_PATH, LOGIND_PATH = "/org/freedesktop/systemd1", "/org/freedesktop/login1"
LONGEST_DELAY = 5.0  # s: logind's InhibitDelayMaxSec
LATE = 4.0           # s: longer than any daemon waits


class Standin:
    def __init__(self, path, groups, folder, kinds):
        self.groups, self.folder = groups, folder
        self.bus = minibus.Connection(path, fds=True)
        self.jobs = 0
        self.locks = {}       # the reading end of each that is held, to its words
        self.asleep_at = None
        self.sleeper = None   # the call of Sleep()
        self.due = []         # what is done later: time and function
        for kind in kinds:
            self.bus.bus("RequestName", "su", {"systemd": SYSTEMD, "logind": LOGIND}[kind], 4)
        self.say(up=kinds)

    def say(self, **what):
        with open(os.path.join(self.folder, "said"), "a") as f:
            f.write(json.dumps(dict(what, t=time.time_ns())) + "\n")

    def mode(self):
        with open(os.path.join(self.folder, "mode")) as f:
            return f.read().strip()

    # ---- systemd
    def group(self, unit, slice_name):
        return os.path.join(self.groups, slice_name, unit)

    def start(self, call):
        unit, how, properties = call.body[0], call.body[1], dict(call.body[2])
        mode = self.mode()
        self.say(asked=unit, job_mode=how, properties=properties, mode=mode)
        self.jobs += 1
        job = "%s/job/%d" % (SYSTEMD_PATH, self.jobs)
        group = self.group(unit, properties["Slice"])
        if mode == "hangs":
            return
        if mode == "refuses":
            self.bus.refuse(call, "org.freedesktop.DBus.Error.AccessDenied", "not you")
            return
        if os.path.isdir(group):
            self.bus.refuse(call, SYSTEMD + ".UnitExists", "unit %s is there already" % unit)
            return
        if mode == "late":
            self.due.append((time.monotonic() + LATE, lambda: self.fill(group, properties["PIDs"])))
            return
        self.bus.answer(call, "o", job)
        if mode == "vanishes":
            os._exit(0)
        good = mode == "lies" or self.fill(group, properties["PIDs"])
        self.bus.signal(SYSTEMD_PATH, SYSTEMD + ".Manager", "JobRemoved", "uoss", self.jobs, job, unit,
                        "done" if good else "failed")

    def unit_file(self, unit, what=""):
        return os.path.join(self.folder, "unit-" + unit + what)

    def unit_state(self, unit):
        with contextlib.suppress(FileNotFoundError):
            with open(self.unit_file(unit)) as f:
                return f.read().strip()
        return None

    def run_job(self, call, state):
        unit, how = call.body
        self.say(job=call.member, unit=unit, job_mode=how)
        if self.unit_state(unit) is None:
            self.bus.refuse(call, SYSTEMD + ".NoSuchUnit", "Unit %s not loaded." % unit)
            return
        self.jobs += 1
        job = "%s/job/%d" % (SYSTEMD_PATH, self.jobs)
        end = "done"
        with contextlib.suppress(FileNotFoundError):
            with open(self.unit_file(unit, ".end")) as f:
                end = f.read().strip()
            os.unlink(self.unit_file(unit, ".end"))
        with open(self.unit_file(unit), "w") as f:
            f.write(state if end == "done" else "failed")
        self.bus.answer(call, "o", job)
        # Of other jobs the end is heard as well.
        for number, name, result in ((self.jobs + 1000, "other.service", "failed"), (self.jobs, unit, end)):
            self.bus.signal(SYSTEMD_PATH, SYSTEMD + ".Manager", "JobRemoved", "uoss", number, "%s/job/%d" % (SYSTEMD_PATH, number),
                            name, result)

    def unit_property(self, call):
        unit = bytes.fromhex(call.path.rpartition("/")[2]).decode()
        state = self.unit_state(unit)
        value = {"LoadState": "loaded" if state else "not-found", "ActiveState": state or "inactive"}[call.body[1]]
        self.bus.answer(call, "v", ("s", value))

    def fill(self, group, pids):
        os.makedirs(group, exist_ok=True)
        try:
            with open(os.path.join(group, "cgroup.procs"), "w") as f:
                for pid in pids:
                    f.write("%d\n" % pid)
                    f.flush()
        except OSError as e:
            self.say(not_moved=str(e))
            self.sweep()
            return False
        self.say(moved=group)
        return True

    def sweep(self):
        for folder, _, _ in os.walk(self.groups, topdown=False):
            if folder.endswith(".scope"):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)

    # ---- logind
    def inhibit(self, call):
        ours, theirs = os.pipe()
        self.bus.answer(call, "h", 0, fds=[theirs])
        os.close(theirs)
        self.locks[ours] = call.body
        self.say(lock=call.body)

    def released(self, fd):
        self.say(released=self.locks.pop(fd))
        os.close(fd)

    def sleep_if_due(self):
        if self.sleeper and (not self.locks or time.monotonic() >= self.asleep_at):
            self.say(sleeps=not self.locks)
            self.bus.answer(self.sleeper, "b", not self.locks)
            self.sleeper = None

    def prepare(self, near):
        self.say(prepare=near)
        self.bus.signal(LOGIND_PATH, LOGIND + ".Manager", "PrepareForSleep", "b", near)

    # ---- both
    def called(self, m):
        if m.member == "StartTransientUnit":
            self.start(m)
        elif m.member == "Subscribe":
            self.bus.answer(m)
        elif m.member in ("StartUnit", "StopUnit"):
            self.run_job(m, "active" if m.member == "StartUnit" else "inactive")
        elif m.member == "LoadUnit":
            self.bus.answer(m, "o", SYSTEMD_PATH + "/unit/" + m.body[0].encode().hex())
        elif m.member == "Get" and "/unit/" in m.path:
            self.unit_property(m)
        elif m.member == "Inhibit":
            self.inhibit(m)
        elif m.member == "Get" and m.body[1] == "PreparingForSleep":
            self.bus.answer(m, "v", ("b", self.asleep_at is not None))
        elif m.member == "Sleep":
            self.sleeper, self.asleep_at = m, time.monotonic() + LONGEST_DELAY
            self.prepare(True)
        elif m.member == "Wake":
            self.asleep_at = None
            self.prepare(False)
            self.bus.answer(m)
        else:
            self.bus.refuse(m, "org.freedesktop.DBus.Error.UnknownMethod", m.member or "")

    def run(self):
        while True:
            for m in self.bus.drain(0):
                if m.kind == minibus.CALL:
                    self.called(m)
            for t, act in list(self.due):
                if time.monotonic() >= t:
                    self.due.remove((t, act))
                    act()
            self.sweep()
            self.sleep_if_due()
            for fd in select.select([self.bus.sock] + list(self.locks), [], [], 0.02)[0]:
                if fd in self.locks:
                    self.released(fd)


try:
    Standin(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]).run()
except minibus.Gone:
    pass
