"""A whole machine: this one's file system, whose changes are kept apart, with systemd as process 1.

What is on this machine is what the machine has, so it is not copied, and none of its services is started. It is plugged
into a lab's switch; its network outlives its boots, as cables do.
"""
import os
import re
import shutil
import subprocess

from basics import expect, passphrase, sh, until

# Mounted, cleaned and started in a mount namespace and a control group of its own. The group is of version 2, also
# where this machine has the controllers of version 1.
OWN_GROUPS = "umount -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup"
BOOT = r"""set -e
mount -t overlay overlay -o "lowerdir=/,upperdir=$UPPER,workdir=$WORK" "$ROOT"
""" + OWN_GROUPS + r"""
mkdir -p "/sys/fs/cgroup$GROUP"
echo $$ > "/sys/fs/cgroup$GROUP/cgroup.procs"
exec setpriv --pdeathsig KILL systemd-nspawn --quiet --keep-unit --register=no --directory="$ROOT" --machine="$NAME" \
  --network-namespace-path="$NETWORK" --bind-ro="$PACKAGES:/packages" --console=pipe --timezone=off --resolv-conf=off --boot \
  systemd.unit=multi-user.target systemd.show_status=no < /dev/null
"""
REMOVAL = r"""
for ((i = 0; i < 100; ++i)); do
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [ -e "$1" ] || break
  sleep 0.1
done
"""
# Nothing of this machine's own that would start or be in the way.
MASKED = ("getty.target", "console-getty.service", "systemd-networkd-wait-online.service", "systemd-resolved.service",
          "systemd-timesyncd.service")
CLEARED = ("etc/systemd/system", "etc/cluster", "etc/hostname", "etc/machine-id", "usr/sbin/policy-rc.d", "var/lib/cluster",
           "usr/local/sbin/clusterd", "usr/local/bin/clusterctl", "var/log/journal", "var/lib/man-db/auto-update")
# Whether it can be done at all here.
TRIAL = """cd "$(mktemp -d)" && trap 'rm -rf "$PWD"' EXIT && mkdir work root
mount -t tmpfs tmpfs work && mkdir work/upper work/work &&
  mount -t overlay overlay -o "lowerdir=/,upperdir=$PWD/work/upper,workdir=$PWD/work/work" root && umount root work
mount -t cgroup2 cgroup2 root && umount root
"""


def missing():
    """What a machine needs that is not here, or None."""
    for tool in ("systemd-nspawn", "setpriv", "dpkg-deb", "dh", "fakeroot"):
        if not shutil.which(tool):
            return "needs " + tool
    for path in ("/lib/systemd/systemd", "/usr/bin/dbus-daemon", "/lib/systemd/system/dbus.service"):
        if not os.path.exists(path):
            return "needs " + path
    p = subprocess.run(["unshare", "--mount", "--propagation", "private", "bash", "-ec", TRIAL], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "machines cannot be booted here: " + p.stdout.strip() if p.returncode else None


class Machine:
    def __init__(self, lab, i, packages):
        self.lab, self.i, self.packages = lab, i, packages
        self.name = "m%d" % i
        self.ip = lab.segment().net + str(i)
        self.dir = os.path.join(lab.dir, self.name)
        self.upper, self.work, self.root = (os.path.join(self.dir, d) for d in ("upper", "work", "root"))
        self.group = os.path.join(lab.group.name, self.name)
        self.console = os.path.join(self.dir, "console")
        for d in (self.upper, self.work, self.root):
            os.makedirs(d)
        os.chmod(self.upper, 0o755)
        self.agent = self.proc = self.init = None

    # ---- power
    def plug_in(self):
        """Its network: what is at the end of its cable."""
        self.agent = self.lab.agent(self.name, ["-n", "-m", "-i", "-u", "-p"])
        self.agent.ip("link", "set", "lo", "up")
        switch = self.lab.segment()
        port = "p%d" % self.i
        switch.agent.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(self.agent.init))
        switch.agent.ip("link", "set", port, "master", switch.bridge, "up")
        self.agent.ip("addr", "add", self.ip + "/24", "dev", "eth0")
        self.agent.ip("link", "set", "eth0", "up")

    def prepare(self):
        """Its own files, over this machine's."""
        for path in CLEARED:
            whiteout = os.path.join(self.upper, path)
            os.makedirs(os.path.dirname(whiteout), exist_ok=True)
            if os.path.lexists("/" + path):
                os.mknod(whiteout, 0o600, os.makedev(0, 0))
        etc = os.path.join(self.upper, "etc")
        units = os.path.join(etc, "systemd/system")
        if os.path.lexists(units):
            os.unlink(units)
        os.makedirs(units)
        os.setxattr(units, "trusted.overlay.opaque", b"y")
        for unit in MASKED:
            os.symlink("/dev/null", os.path.join(units, unit))
        for name, text in (("hostname", self.name), ("machine-id", ""), ("hosts", "127.0.0.1 localhost %s" % self.name)):
            path = os.path.join(etc, name)
            if os.path.lexists(path):
                os.unlink(path)
            with open(path, "w") as f:
                f.write(text + "\n" if text else "")

    def power_on(self):
        if not self.agent:
            self.plug_in()
            self.prepare()
        env = dict(os.environ, UPPER=self.upper, WORK=self.work, ROOT=self.root, GROUP=self.group, NAME=self.name,
                   NETWORK="/proc/%d/ns/net" % self.agent.init, PACKAGES=self.packages)
        with open(self.console, "ab") as log:
            self.proc = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private",
                                          "bash", "-c", BOOT], stdout=log, stderr=subprocess.STDOUT, env=env)
        self.await_booted()
        return self

    def await_booted(self):
        self.init = until(self.find_init, lambda: "%s: systemd is there\n%s" % (self.name, self.tail()), 60)
        until(lambda: self.run("systemctl", "is-active", "multi-user.target").stdout.strip() == "active",
              lambda: "%s has booted\n%s" % (self.name, self.tail()), 90, every=0.2)

    def find_init(self):
        """Process 1 of the machine, by the number that it has here."""
        expect(self.proc.poll() is None, "%s could not be started" % self.name, self.tail())
        for folder, _, _ in os.walk(self.groups()):
            with open(os.path.join(folder, "cgroup.procs")) as f:
                for pid in f.read().split():
                    try:
                        with open("/proc/%s/status" % pid) as status:
                            numbers = re.search(r"^NSpid:\s+(.*)", status.read(), re.M).group(1).split()
                    except (FileNotFoundError, ProcessLookupError):
                        continue
                    if len(numbers) > 1 and numbers[-1] == "1":
                        return int(pid)
        return None

    def groups(self):
        return "/proc/%d/root/sys/fs/cgroup%s" % (self.proc.pid, self.group)

    def reboot(self):
        """In order, as people do it."""
        self.run("systemctl", "reboot", "--no-block")
        until(lambda: self.proc.poll() is not None, lambda: "%s goes down\n%s" % (self.name, self.tail()), 120)
        self.power_on()

    def cut_power(self):
        with open(os.path.join(self.groups(), "cgroup.kill"), "w") as f:
            f.write("1")
        self.proc.wait(20)

    def close(self):
        if self.proc and self.proc.poll() is None:
            try:
                self.cut_power()
            except (OSError, subprocess.TimeoutExpired):
                self.proc.kill()
                self.proc.wait()
        self.remove_groups()
        if self.agent:
            self.agent.close()

    def remove_groups(self):
        """Once the dead are no longer counted; where version 2 is not mounted here, nobody else could."""
        sh("unshare", "--mount", "--propagation", "private", "bash", "-c", OWN_GROUPS + REMOVAL, "-",
           "/sys/fs/cgroup" + self.group, check=False)

    # ---- what runs there
    def run(self, *argv, timeout=120, stdin=""):
        """A command there, as root's shell would run it."""
        p = subprocess.run(["nsenter", "-t", str(self.init), "-m", "-i", "-u", "-n", "-p", "-C", "env", "-i",
                            "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8",
                            "DEBIAN_FRONTEND=noninteractive"] + list(argv),
                           input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)
        p.out = p.stdout + p.stderr
        return p

    def sh(self, command, timeout=120):
        """Its output; failing is a failure of the test."""
        p = self.run("bash", "-c", command, timeout=timeout)
        expect(p.returncode == 0, "%s: %s gave %d" % (self.name, command, p.returncode), p.out)
        return p.stdout

    def write(self, path, text, mode=0o644):
        self.run("bash", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"', "-", path, "%o" % mode,
                 stdin=text)

    def install(self, package):
        return self.sh("dpkg --install /packages/" + package, timeout=300)

    def main_pid(self):
        """Of clusterd's unit, by the number that it has there; 0 where it does not run."""
        return int(self.sh("systemctl show --property MainPID --value clusterd"))

    def tail(self):
        with open(self.console, errors="replace") as f:
            return f.read()[-2000:]


class Rack:
    """Machines on one switch, and what all of them are given."""

    def __init__(self, lab, count, packages):
        self.lab = lab
        lab.build_network()
        self.machines = {i: Machine(lab, i, packages) for i in range(1, count + 1)}
        lab.machines = list(self)

    def __getitem__(self, i):
        return self.machines[i]

    def __iter__(self):
        return iter(self.machines.values())

    def hosts_text(self):
        return "".join("%s %s\n" % (m.ip, passphrase(m.i)) for m in self)
