"""Files kept alike by real daemons: through edits on all sides, cuts, kills in the middle of a transfer and full disks."""
import json
import os
import signal
import time

from lab import Lab, expect, until

HOSTS = ("addr", "addr", "addr")


class Kept:
    """Hosts with one root, each in a folder of its own."""

    def __init__(self, c, specs=HOSTS, section="", up=True, **kw):
        self.lab = c.lab(*specs, **kw)
        for h in self.lab:
            os.makedirs(self.folder(h.i), exist_ok=True)
            h.conf = 'sync data { path = "%s" %s }\n' % (self.folder(h.i), section)
        if up:
            self.lab.up()
            self.lab.await_linked()

    def folder(self, i):
        return os.path.join(self.lab[i].dir, "data")

    def path(self, i, name):
        return os.path.join(self.folder(i), name)

    def write(self, i, name, content):
        path = self.path(i, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())

    def read(self, i, name):
        try:
            with open(self.path(i, name), "rb") as f:
                return f.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def has(self, i, name, content, timeout=None):
        want = content.encode() if isinstance(content, str) else content
        until(lambda: self.read(i, name) == want, "host %d has %s" % (i, name), timeout)

    def all_have(self, name, content, timeout=None):
        for h in self.lab:
            self.has(h.i, name, content, timeout)

    def names(self, i):
        out = []
        for folder, folders, files in os.walk(self.folder(i)):
            out += [os.path.relpath(os.path.join(folder, n), self.folder(i)) for n in folders + files]
        return sorted(n for n in out if ".cluster-" not in n)

    def alike(self):
        """All hosts hold the same names with the same content."""
        def same():
            first = self.names(1)
            return all(self.names(h.i) == first for h in self.lab) and all(
                self.read(h.i, n) == self.read(1, n) for h in self.lab for n in first
                if os.path.isfile(self.path(1, n)))
        until(same, "all hosts hold the same")

    def bases(self, i):
        """How many contents host i keeps to merge others by."""
        folder = os.path.join(self.lab[i].state, "bases")
        return len(os.listdir(folder)) if os.path.isdir(folder) else 0

    def root(self, i):
        return next((r for r in self.lab[i].status()["files"]["roots"] if r["name"] == "data"), None)


def test_edits_on_all_sides_reach_all(c):
    bed = Kept(c)
    for i in (1, 2, 3):
        bed.write(i, "from%d/deep/file" % i, "of host %d" % i)
    for i in (1, 2, 3):
        bed.all_have("from%d/deep/file" % i, "of host %d" % i)
    os.rename(bed.path(2, "from1"), bed.path(2, "moved"))
    bed.all_have("moved/deep/file", "of host 1")
    os.remove(bed.path(3, "from2/deep/file"))
    for h in bed.lab:
        until(lambda i=h.i: bed.read(i, "from2/deep/file") is None, "it is deleted on host %d" % h.i)
    bed.alike()
    until(lambda: all(bed.root(h.i)["state"] == "in sync" for h in bed.lab), "every host says that it is in sync")
    text = bed.lab[1].ctl("files").stdout
    expect("data" in text and "in sync" in text, "clusterctl files says so", text)


def test_killed_in_the_middle_of_a_transfer(c):
    """The file is there whole or not at all, and what had come is not sent again."""
    bed = Kept(c, ("addr", "addr"))
    content = os.urandom(96 << 20)
    bed.write(1, "large", content)
    half = lambda: [n for n in os.listdir(bed.folder(2)) if n.startswith(".large.cluster-new-")]
    until(half, "the transfer has begun")
    for _ in range(3):
        time.sleep(0.05)
        bed.lab[2].kill()
        expect(bed.read(2, "large") in (None, content), "never a part under its name")
        bed.lab[2].up()
        bed.lab.await_linked()
    bed.has(2, "large", content, 60)
    until(lambda: not half(), "nothing is left beside it")


def test_conflict_keeps_both(c):
    bed = Kept(c, ("addr", "addr"))
    bed.write(1, "zone", "before")
    bed.all_have("zone", "before")
    bed.lab[1].unplug()
    until(lambda: bed.lab[2].host_view(1)["state"] == "down", "they are apart")
    bed.write(1, "zone", "of host 1")
    time.sleep(0.1)
    bed.write(2, "zone", "of host 2")
    bed.lab[1].plug()
    bed.all_have("zone", "of host 2", 30)
    copies = lambda i: [n for n in bed.names(i) if n.startswith("zone.conflict-")]
    until(lambda: len(copies(1)) == 1 and copies(1) == copies(2), "one copy, of one name")
    bed.all_have(copies(1)[0], "of host 1")


def test_edits_of_one_text_are_put_together(c):
    """Three administrators change one table, each behind a cut; what each wrote is in it afterwards, or beside it."""
    bed = Kept(c, section="mode = merge")
    table = ["10.0.0.%d host%d\n" % (n, n) for n in range(1, 9)]
    bed.write(1, "table", "".join(table))
    bed.all_have("table", "".join(table))
    for i in (1, 2, 3):
        until(lambda: bed.bases(i) == 1, "host %d keeps what they will all have begun with" % i)
    for i in (1, 2, 3):
        bed.lab[i].unplug()
    until(lambda: all(bed.lab[i].host_view(1 if i != 1 else 2)["state"] == "down" for i in (1, 2, 3)), "all are apart")
    edits = {1: "10.0.0.1 alpha\n", 2: "10.0.0.4 delta\n", 3: "10.0.0.7 eta\n"}
    for i, line in edits.items():
        bed.write(i, "table", "".join(line if t.split()[0] == line.split()[0] else t for t in table))
    together = "".join(next((e for e in edits.values() if e.split()[0] == t.split()[0]), t) for t in table)
    bed.lab[2].kill()
    bed.lab[2].up()
    for i in (1, 2, 3):
        bed.lab[i].plug()
    bed.all_have("table", together, 30)
    until(lambda: all(bed.names(i) == ["table"] for i in (1, 2, 3)), "and nothing had to be kept beside it")
    bed.alike()
    log = bed.lab[2].ctl("files", "log", bed.path(2, "table")).stdout
    expect("put together" in log, "what host 2 had written alone is one of the versions kept", log)


def test_host_that_was_off_gets_what_it_missed(c):
    bed = Kept(c, ("addr", "addr"))
    for n in range(30):
        bed.write(1, "file%d" % n, "first %d" % n)
    for n in range(30):
        bed.has(2, "file%d" % n, "first %d" % n)
    bed.lab[2].signal(signal.SIGTERM)
    bed.lab[2].wait_exit()
    for n in range(5):
        os.remove(bed.path(1, "file%d" % n))
    bed.write(1, "file7", "second")
    bed.write(2, "file8", "edited while its daemon was off")
    time.sleep(1)
    bed.lab[2].up()
    bed.lab.await_linked()
    bed.all_have("file7", "second")
    bed.all_have("file8", "edited while its daemon was off")
    for n in range(5):
        until(lambda n=n: bed.read(2, "file%d" % n) is None, "file%d is gone" % n)
    bed.alike()


def test_mass_delete_waits_for_a_word(c):
    bed = Kept(c, ("addr", "addr"))
    for n in range(30):
        bed.write(1, "file%d" % n, "text")
    for n in range(30):
        bed.has(2, "file%d" % n, "text")
    for n in range(30):
        os.remove(bed.path(1, "file%d" % n))
    until(lambda: bed.root(1)["held_back"] == 30, "the deletes are held back")
    expect(len(bed.names(2)) == 30, "nothing was deleted on the other")
    p = bed.lab[2].ctl("files", "confirm", "data", ok=False)
    expect(p.returncode == 1, "only where they were made", p.out)
    bed.lab[1].ctl("files", "revert", "data")
    until(lambda: len(bed.names(1)) == 30 and bed.root(1)["held_back"] == 0, "they are back")
    for n in range(30):
        os.remove(bed.path(1, "file%d" % n))
    until(lambda: bed.root(1)["held_back"] == 30, "the deletes are held back again")
    bed.lab[1].ctl("files", "confirm", "data")
    until(lambda: bed.names(2) == [], "they are deleted on the other")


def test_full_disk_hinders_one_file_alone(c):
    bed = Kept(c, ("addr", "addr"), up=False)
    bed.lab.ready()
    p = bed.lab[2].run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", bed.folder(2))
    expect(p.returncode == 0, "a small file system", p.out)
    bed.lab.up()
    bed.lab.await_linked()
    inside = lambda name: bed.lab[2].run("cat", bed.path(2, name)).stdout
    bed.write(1, "large", os.urandom(20 << 20))
    until(lambda: any("large" in f for f in bed.root(2)["failing"]), "status names the file")
    bed.write(1, "small", "goes on")
    until(lambda: inside("small") == "goes on", "the small one is there")
    os.remove(bed.path(1, "large"))
    until(lambda: bed.root(2)["state"] == "in sync", "with the large one gone all is well")


def test_a_transfer_delays_no_beat(c):
    bed = Kept(c, ("addr", "addr"))
    log = bed.lab[1].log_size(), bed.lab[2].log_size()
    content = os.urandom(256 << 20)
    bed.write(1, "large", content)
    bed.has(2, "large", content, 120)
    for i in (1, 2):
        said = bed.lab[i].log_text(log[i - 1])
        expect("is down" not in said and "silent" not in said, "no link was late on host %d" % i, said)


def test_version_comes_back(c):
    bed = Kept(c, ("addr", "addr"))
    bed.write(1, "page", "first")
    bed.all_have("page", "first")
    bed.write(1, "page", "second")
    bed.all_have("page", "second")
    log = json.loads(bed.lab[2].ctl("--json", "files", "log", bed.path(2, "page")).stdout)
    expect(len(log) == 1 and log[0]["label"] == "replaced by a version of %s" % bed.lab[1].name, "one version is retained", log)
    bed.lab[2].ctl("files", "restore", bed.path(2, "page"), log[0]["version"])
    bed.all_have("page", "first")


def test_service_folder_but_its_scripts(c):
    from lab import Service
    lab = c.lab("addr", "addr", services={"web": Service([1, 2])})
    lab.up()
    lab.await_linked()
    folder = lambda i: os.path.join(lab[i].etc, "services.d", "web")
    with open(os.path.join(folder(1), "page.html"), "w") as f:
        f.write("hello")
    until(lambda: os.path.exists(os.path.join(folder(2), "page.html")), "a file of the service is on host 2")
    with open(os.path.join(folder(1), "start"), "a") as f:
        f.write("# host 1 alone\n")
    time.sleep(1)
    with open(os.path.join(folder(2), "start")) as f:
        expect("host 1 alone" not in f.read(), "its scripts are each host's own")
