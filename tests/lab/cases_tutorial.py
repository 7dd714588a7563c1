"""What the README and cluster(7) tell a beginner to type, typed: in hosts where everything is where it says."""
import os
import re

from lab import PYTHON, ROOT, expect, until

PATHS = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}
ASK = "import sys, urllib.request; print(urllib.request.urlopen('http://%s:8080/' % sys.argv[1], timeout=2).status)"

# Between hosts /etc/cluster alone is copied; SHARED/NAME/cluster is that of the host of this name.
SCP = """#!/bin/bash
shift
at() {
  case $1 in
  root@*) local at=${1#root@}; printf '%%s\\n' "%(shared)s/${at%%%%:*}${at#*:/etc}" ;;
  *) printf '%%s\\n' "$1" ;;
  esac
}
to=$(at "${@: -1}")
for from in "${@:1:$#-1}"; do cp -pr "$(at "$from")" "$to" || exit 1; done
"""
SYSTEMCTL = """#!/bin/bash
[ "$*" = "enable --now clusterd" ] || { echo "systemctl $*?" >&2; exit 1; }
: > %(dir)s/started
"""


class Machine:
    """A host of the lab with its own /etc/cluster, /usr/local, /run and /var, as after `make install`."""

    def __init__(self, h, shared):
        self.h = h
        self.etc = os.path.join(shared, h.name, "cluster")
        os.makedirs(self.etc)
        self.overlay("/etc")
        self.overlay("/var")
        self.overlay("/usr/local")
        self.sh("mkdir -p /etc/cluster /usr/local/bin /usr/local/sbin /usr/local/share/cluster /var/lib")
        self.sh("mount --bind %s /etc/cluster && mount -t tmpfs tmpfs /run && mkdir -p /run/dbus" % self.etc)
        self.sh("cp %s /usr/local/sbin/ && cp %s /usr/local/bin/ && cp -r %s/dist/services /usr/local/share/cluster/" % (
            h.lab.program("clusterd"), h.lab.program("clusterctl"), ROOT))
        for name, text in (("scp", SCP % {"shared": shared}), ("systemctl", SYSTEMCTL % {"dir": h.dir})):
            path = os.path.join(h.dir, name)
            h.write_script(path, text)
            self.sh("cp %s /usr/local/bin/" % path)
        self.sh("cp %s /etc/hosts" % h.lab.etc_hosts)
        h.bus_up(system=True, include=os.path.join(ROOT, "dist", "com.bammeson.cluster.conf"))
        self.sh("ln -s %s /run/dbus/system_bus_socket" % h.bus_path)

    def overlay(self, folder):
        layers = [os.path.join(self.h.dir, kind + folder.replace("/", "-")) for kind in ("upper", "work")]
        for layer in layers:
            os.makedirs(layer)
        self.sh("mount -t overlay overlay -o lowerdir=%s,upperdir=%s,workdir=%s %s" % (folder, *layers, folder))

    def sh(self, command):
        p = self.h.run("bash", "-c", command, env=PATHS)
        expect(p.returncode == 0, "host %s: %s" % (self.h.name, command), p.out)
        return p.stdout

    def type(self, commands):
        """Line by line; what `systemctl` would start is started."""
        out = ""
        for line in commands:
            out += self.sh(line.replace("sudo ", ""))
            if os.path.exists(os.path.join(self.h.dir, "started")):
                os.unlink(os.path.join(self.h.dir, "started"))
                self.h.pid = self.h.spawn(["/usr/local/sbin/clusterd", "--foreground"], "clusterd.log", env=PATHS)["pid"]
                until(lambda: self.h.run("clusterctl", "status", env=PATHS).returncode == 0, "the daemon answers")
        return out

    def serves(self, name):
        p = self.h.run(PYTHON, "-c", ASK, name)
        return p.stdout.strip() == "200"


def machines(c, *specs):
    lab = c.lab(*specs)
    lab.build_network()
    if not lab.etc_hosts:
        lab.etc_hosts = os.path.join(lab.dir, "etc-hosts")
        lab.write_names()
    shared = os.path.join(lab.dir, "etc")
    return lab, {h.name.split(".")[0]: Machine(h, shared) for h in lab}


def section(text, begin, end):
    return text[text.index(begin):].split(end, 1)[0]


def blocks_of_readme(heading):
    """The shell blocks of a section, each a list of lines."""
    with open(os.path.join(ROOT, "README.md")) as f:
        text = section(f.read(), heading + "\n", "\n## ")
    return [[line.strip() for line in block.splitlines() if line.strip()]
            for block in re.findall(r"```sh\n(.*?)```", text, re.S)]


def blocks_of_man():
    """Of the tutorial in cluster(7), by its headings."""
    with open(os.path.join(ROOT, "man", "cluster.7")) as f:
        text = section(f.read(), ".SH TUTORIAL\n", "\n.SH ")
    out = {}
    for part in text.split("\n.SS ")[1:]:
        heading, _, rest = part.partition("\n")
        out[heading.strip('"')] = [[re.sub(r"\s+#.*", "", line).replace("\\-", "-") for line in block.splitlines()]
                                   for block in re.findall(r"\.RS\n(.*?)\.RE", rest, re.S)]
    return out


def runs_on(machine, service):
    v = machine.h.service_view(service)
    return v["running_on"] if v else None


def test_readme(c):
    """Two hosts by the README, and the service moves when one is stopped."""
    lab, hosts = machines(c, "addr:alpha.example.com", "addr:beta.example.com")
    alpha, beta = hosts["alpha"], hosts["beta"]
    first, folder, start, look = blocks_of_readme("## Your first cluster, in five minutes")
    alpha.type(first)
    for machine in (alpha, beta):
        machine.type(folder)
    for machine in (alpha, beta):
        machine.type(start)
    until(lambda: runs_on(beta, "web") == [1], lambda: "web runs on alpha: " + lab.describe(), 60)
    said = alpha.type(look)
    expect("2 of 2 hosts up" in said and "most preferred" in said, "what they show", said)
    until(lambda: beta.serves("alpha.example.com"), "alpha serves")
    lab.two_copies_allowed = True  # of events there are none: the sample's scripts write no log of the lab's
    alpha.h.crash()
    until(lambda: runs_on(beta, "web") == [2], lambda: "web runs on beta: " + lab.describe(), 60)
    until(lambda: beta.serves("beta.example.com"), "beta serves")


def test_tutorial_of_the_manual(c):
    """Three hosts by cluster(7), what it says to play with, and a fourth host."""
    lab, hosts = machines(c, "addr:alpha.example.com", "addr:beta.example.com", "dyn:laptop", "addr:gamma.example.com")
    alpha, beta, laptop, gamma = hosts["alpha"], hosts["beta"], hosts["laptop"], hosts["gamma"]
    told = blocks_of_man()
    init, copy = told["1. The hosts"]
    alpha.type(init)
    alpha.type(copy)
    alpha.type([line.replace("beta.example.com", "laptop") for line in copy])
    line, folder = told["2. The service"]
    for machine in (alpha, beta, laptop):
        machine.type(["echo '%s' >> /etc/cluster/services" % line[0]])
        machine.type(folder)
    for machine in (alpha, beta, laptop):
        machine.type(told["3. Check and start"][0])
    until(lambda: runs_on(beta, "web") == [3], lambda: "web runs on the laptop: " + lab.describe(), 60)
    for command in told["4. Play"][0]:
        beta.type([command])
        if " move " in command:
            until(lambda: runs_on(alpha, "web") == [2], lambda: "it is there: " + lab.describe(), 30)
        if " clear " in command:
            until(lambda: runs_on(alpha, "web") == [3], lambda: "and back: " + lab.describe(), 30)
    laptop.h.crash()
    until(lambda: runs_on(beta, "web") == [2], lambda: "beta starts it, as alpha is on standby: " + lab.describe(), 60)

    said = alpha.type(told["6. One more host"][0])
    add, join = (re.search(r"^%s .*" % word, said, re.M).group() for word in ("sed", "mkdir"))
    alpha.type([add])
    gamma.type([join])
    until(lambda: gamma.h.host_view(1)["state"] == "up" and alpha.h.host_view(4)["state"] == "up",
          lambda: "gamma is in: " + lab.describe(), 30)
