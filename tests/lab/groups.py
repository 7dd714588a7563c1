"""Control groups of version 2: a lab has one, in which all of its processes are, and which ends with them."""
import contextlib
import glob
import itertools
import os
import time

NUMBERS = itertools.count()
DYING_SECONDS = 10  # the kernel counts the dead a while longer


def hierarchy():
    """Where version 2 is mounted here, or None."""
    with open("/proc/mounts") as f:
        for line in f:
            if line.split()[2] == "cgroup2":
                return line.split()[1]
    return None


def of(proc):
    """The group of a process, given its folder of /proc, as a path below the hierarchy."""
    with open(os.path.join(proc, "cgroup")) as f:
        return next((line[3:].strip() for line in f if line.startswith("0::")), "/")


def own():
    """The group of this process; the hierarchy's top where that is not seen from here."""
    path = of("/proc/self")
    return "/" if path.startswith("/..") else path


def of_process(pid):
    return os.path.join(own(), "cluster-lab-%d" % pid)


def vanish(folder):
    """Removes those of them that are empty; whether none is left."""
    for below, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(below)
    return not os.path.exists(folder)


def remove(folder):
    """All of them, once what ran there is dead."""
    end = time.monotonic() + DYING_SECONDS
    while not vanish(folder) and time.monotonic() < end:
        time.sleep(0.02)


def remove_of(pid):
    """What a process that could not do it left behind."""
    for folder in glob.glob(glob.escape((hierarchy() or "") + of_process(pid)) + "-*"):
        remove(folder)


class Group:
    """`name` below the hierarchy; `folder` is None where there is none here, or nothing can be made in it."""

    def __init__(self):
        self.name = "%s-%d" % (of_process(os.getpid()), next(NUMBERS))
        self.folder = None
        with contextlib.suppress(OSError):
            top = hierarchy()
            if top:
                os.mkdir(top + self.name)
                self.folder = top + self.name

    def take_in(self, *pids):
        if self.folder:
            for pid in pids:
                with open(os.path.join(self.folder, "cgroup.procs"), "w") as f:
                    f.write(str(pid))

    def close(self):
        if self.folder:
            remove(self.folder)
