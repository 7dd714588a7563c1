"""Debian's package, on machines that systemd has booted: installed, upgraded and removed as people do it."""
import fcntl
import json
import os
import time

import machine
from basics import ROOT, Skip, expect, sh, until

FIRST, LATER = "first.deb", "later.deb"
# A later version that is the same otherwise.
MAKE_LATER = """
rm -rf opened
dpkg-deb --raw-extract "$1" opened
sed -i '/^Version:/s/$/+1/' opened/DEBIAN/control
dpkg-deb -Znone --build opened new.deb
cp "$1" "$2/first.deb"
mv new.deb "$2/later.deb"
"""


def packages(c):
    """A folder with FIRST, made of the programs in build/release, and LATER; the tests of one run share it."""
    why = machine.missing()
    if not why and not os.access(os.path.join(ROOT, "build", "release", "clusterd"), os.X_OK):
        why = "needs build/release, from which the package is made"
    if why:
        raise Skip(why)
    given = os.path.join(os.path.dirname(c.dir), "packages")
    os.makedirs(given, exist_ok=True)
    with open(os.path.join(given, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(given, LATER)):
            folder = os.path.join(ROOT, "build", "deb", "built")
            sh("make", "-C", ROOT, "deb", "BUILT=1", timeout=300)
            package, = (n for n in os.listdir(folder) if n.startswith("clusterd_") and n.endswith(".deb"))
            sh("sh", "-ec", MAKE_LATER, "-", package, given, cwd=folder)
    return given


SCRIPT = """#!/bin/sh
echo "$(date +%%s.%%N) %s" >> /var/log/%s.log
%s
"""


def service(m, name="web"):
    """It leaves a process behind, as daemons do."""
    folder = "/etc/cluster/services.d/%s/" % name
    acts = {"start": "sleep infinity & echo $! > /run/%s.pid" % name,
            "stop": "test ! -e /run/{0}.pid || kill $(cat /run/{0}.pid); rm -f /run/{0}.pid".format(name),
            "status": "kill -0 $(cat /run/%s.pid) || exit 3" % name}
    for script, act in acts.items():
        text = SCRIPT % (script, name, act) if script != "status" else "#!/bin/sh\n%s\n" % act
        m.write(folder + script, text, 0o755)


def said(m, name="web"):
    """What its scripts did on that machine, in order."""
    return [line.split()[1] for line in m.run("cat", "/var/log/%s.log" % name).stdout.splitlines()]


def pid_of(m, name="web"):
    return int(m.sh("cat /run/%s.pid" % name))


def status(m):
    p = m.run("clusterctl", "--json", "status")
    return json.loads(p.stdout) if p.returncode == 0 else None


def runs_on(m, host, name="web"):
    s = status(m)
    view = next((v for v in s["services"] if v["name"] == name), None) if s else None
    return view and view["state"] == "running" and view["host"] == host


def cluster(c, count, *, service_conf=""):
    """Machines with the package, which run `web`."""
    folder = packages(c)
    rack = machine.Rack(c.lab(), count, folder)
    for m in rack:
        m.power_on()
        m.install(FIRST)
        m.write("/etc/cluster/hosts", rack.hosts_text(), 0o600)
        m.write("/etc/cluster/services", "web %s\n" % " ".join(str(i + 1) for i in range(count)))
        m.write("/etc/cluster/cluster.conf", "beat_interval = 0.25\ndead_time = 1.5\n")
        if service_conf:
            m.write("/etc/cluster/services.d/web/service.conf", service_conf)
        service(m)
        m.sh("systemctl start clusterd || { journalctl --no-pager -u clusterd; exit 1; }")
    await_running(rack, 1)
    return rack


def await_running(rack, host):
    until(lambda: all(runs_on(m, host) for m in rack),
          lambda: "web runs on %d, says everyone\n%s" % (host, "\n".join(m.run("clusterctl", "status").out for m in rack)), 60)


def test_installed_begins_when_configured(c):
    """Installed it waits for a configuration; init writes one, and then it is a unit like others."""
    folder = packages(c)
    rack = machine.Rack(c.lab(), 1, folder)
    m = rack[1].power_on()
    m.install(FIRST)
    expect(m.sh("stat -c '%a %U' /var/lib/cluster").strip() == "700 root", "its state is nobody else's")
    expect("cluster:" in m.sh("getent group cluster"), "the group that may look")
    expect(m.sh("systemctl is-enabled clusterd").strip() == "enabled", "it is started at boot")
    expect(m.main_pid() == 0 and m.sh("systemctl is-failed clusterd || true").strip() == "inactive",
           "without a configuration it waits, and nothing is wrong")

    m.sh("clusterctl init %s other," % m.ip)
    m.sh("systemctl start clusterd")
    expect(m.main_pid() > 0, "it runs")
    expect(status(m)["host"]["name"] == m.ip, "it knows which host it is")
    until(lambda: "MESSAGE_ID" in m.sh("journalctl -u clusterd -o verbose"), "its log is in the journal, with fields")
    until(lambda: m.sh("journalctl -u clusterd -x | grep -c '^░░' || true").strip() != "0", "and the journal explains it")
    m.sh("useradd --system --groups cluster looker")
    expect(m.run("runuser", "-u", "looker", "clusterctl", "status").returncode == 0, "the group may look")
    expect(m.run("runuser", "-u", "looker", "clusterctl", "reload").returncode != 0, "and change nothing")
    expect(m.run("runuser", "-u", "nobody", "clusterctl", "status").returncode != 0, "others see nothing")

    m.sh("dpkg --purge clusterd")
    expect(m.run("ls", "-d", "/var/lib/cluster", "/etc/cluster").stdout == "", "purged it has left nothing")
    expect(m.run("pgrep", "clusterd").returncode != 0, "nor is anything of it running")


def test_upgrade_leaves_services_alone(c):
    """A later version is installed on every machine: no service stops, and nobody takes one over."""
    rack = cluster(c, 3)
    process, daemon = pid_of(rack[1]), rack[1].main_pid()
    for m in rack:
        m.install(LATER)
    expect(rack[1].main_pid() not in (0, daemon), "the daemon is another one")
    expect("+1" in rack[1].sh("dpkg-query -W clusterd"), "of the later version")
    await_running(rack, 1)
    expect(said(rack[1]) == ["start"] and pid_of(rack[1]) == process, "web has gone on", said(rack[1]))
    for m in rack[2], rack[3]:
        expect(said(m) == [], "and never ran on %s" % m.name, said(m))
    until(lambda: all(not h["maintenance"] for h in status(rack[2])["hosts"]), "no host is left in maintenance")

    rack[1].sh("clusterctl maintenance on")
    rack[1].sh("dpkg --install --force-downgrade /packages/" + LATER)
    expect(status(rack[1])["hosts"][0]["maintenance"], "a maintenance that somebody has begun goes on")
    rack[1].sh("clusterctl maintenance off")

    rack[1].sh("dpkg --purge clusterd 2>&1")
    for m in rack[2], rack[3]:
        until(lambda m=m: runs_on(m, 2), "removed from there it is handed over")
    expect(said(rack[1]) == ["start", "stop"], "in order", said(rack[1]))
    expect("start" in rack[1].sh("ls /etc/cluster/services.d/web"), "the services' folders are kept")
    expect(rack[1].run("ls", "/etc/cluster/hosts", "/var/lib/cluster").stdout == "", "secrets are not")


def test_upgrade_that_cannot_leave_things_alone(c):
    """While a service is being started the daemon is not restarted: it goes on as it is, and says how to go on."""
    rack = cluster(c, 1)
    m = rack[1]
    m.write("/etc/cluster/services", "web 1\nslow 1\n")
    service(m, "slow")
    m.write("/etc/cluster/services.d/slow/start", "#!/bin/sh\ntouch /run/asked\nwhile [ ! -e /run/go ]; do sleep 0.1; done\n", 0o755)
    m.write("/etc/cluster/services.d/slow/service.conf", "start_timeout = 600\n")
    m.sh("clusterctl reload")
    until(lambda: m.run("test", "-e", "/run/asked").returncode == 0, "slow begins")
    process, daemon = pid_of(m), m.main_pid()
    m.sh("sed 's/^patience=.*/patience=2/' /usr/share/cluster/restart-in-place > /var/tmp/restart-in-place; chmod +x /var/tmp/restart-in-place")
    p = m.run("/var/tmp/restart-in-place")
    expect(p.returncode == 1 and m.main_pid() == daemon, "the daemon is the same", p.out)
    expect("to restart it later:  /var/tmp/restart-in-place" in p.out, "it says what to do", p.out)
    until(lambda: not status(m)["hosts"][0]["maintenance"], "the wish for maintenance is withdrawn")
    m.sh("touch /run/go")
    until(lambda: runs_on(m, 1, "slow"), "slow runs")
    m.sh("/var/tmp/restart-in-place")
    expect(m.main_pid() != daemon and pid_of(m) == process, "then it can be done")
    expect(said(m) == ["start"] and "stop" not in said(m, "slow"), "and nothing was stopped", said(m), said(m, "slow"))


def expect_in_scope(m):
    members = m.run("cat", "/sys/fs/cgroup/cluster.slice/cluster-web.scope/cgroup.procs").stdout.split()
    expect(str(pid_of(m)) in members, "it is in its scope", members, m.sh("cat /proc/%d/cgroup" % pid_of(m)))


def test_services_live_in_scopes(c):
    """Whatever becomes of the daemon under systemd: engine killed, guardian killed, the unit stopped, a reboot."""
    rack = cluster(c, 2)
    m = rack[1]
    scopes = m.sh("systemctl list-units --type=scope --plain --no-legend 'cluster-*'")
    expect(scopes.startswith("cluster-web.scope"), "the service is a scope of systemd's", scopes)
    expect_in_scope(m)
    m.sh("clusterctl restart web")
    expect_in_scope(m)

    process, runs = pid_of(m), said(m)
    m.sh("kill -KILL $(pgrep -P %d clusterd)" % m.main_pid())
    until(lambda: status(m), "the engine is back")
    time.sleep(2)
    expect(pid_of(m) == process and said(m) == runs, "and nothing happened to the service", said(m), runs)

    m.sh("kill -KILL %d" % m.main_pid())
    until(lambda: m.run("kill", "-0", str(process)).returncode, "what a dead daemon ran is killed")
    await_running(rack, 1)
    expect(m.sh("systemctl show -P NRestarts clusterd").strip() == "1", "systemd has started it again")

    m.sh("systemctl stop clusterd")
    until(lambda: runs_on(rack[2], 2), "stopped it hands over")
    expect(said(m)[-1] == "stop", "in order", said(m))
    m.sh("systemctl start clusterd")
    await_running(rack, 1)

    m.reboot()
    await_running(rack, 1)
    expect(said(m)[-2:] == ["stop", "start"], "a reboot hands over, and takes back", said(m))
    expect(said(rack[2])[-2:] == ["start", "stop"], "the other had it meanwhile", said(rack[2]))


CONFINED = ("CapBnd", "Seccomp_filters")   # of /proc/PID/status
FREE = """
mount -t tmpfs tmpfs /srv && hostname $(hostname) && unshare --net true && echo free > /run/web.free
"""


def limits(m, pid):
    """What that process has inherited: its capabilities, its filter of system calls, its mounts."""
    lines = dict(line.split(":", 1) for line in m.sh("cat /proc/%d/status" % pid).splitlines())
    return {**{key: lines[key].strip() for key in CONFINED}, "mounts": m.sh("readlink /proc/%d/ns/mnt" % pid).strip()}


def launcher(m):
    units = m.sh("systemctl list-units --plain --no-legend 'cluster-launcher-*' | cut -d ' ' -f 1").split()
    return [(unit, int(m.sh("systemctl show --property MainPID --value " + unit))) for unit in units]


def test_the_unit_confines_the_daemon_and_no_service(c):
    rack = cluster(c, 2)
    m = rack[1]
    said_of_it = m.sh("systemd-analyze security --no-pager clusterd.service | tail -1")
    expect(" OK " in said_of_it or " SAFE " in said_of_it, "how systemd rates it", said_of_it)
    machines = limits(m, 1)
    daemon = m.main_pid()
    for pid in [daemon] + [int(p) for p in m.sh("pgrep -P %d clusterd" % daemon).split()]:
        expect(all(limits(m, pid)[key] != machines[key] for key in machines), "the daemon is confined", limits(m, pid))
    expect(limits(m, pid_of(m)) == machines, "what a script has started is as free as the machine", limits(m, pid_of(m)), machines)

    with_free = SCRIPT % ("start", "web", FREE + "sleep infinity & echo $! > /run/web.pid")
    m.write("/etc/cluster/services.d/web/start", with_free, 0o755)
    m.sh("clusterctl restart web")
    until(lambda: m.run("cat", "/run/web.free").stdout == "free\n", "a script may do what root may do")
    expect("tmpfs" in m.sh("findmnt --noheadings --output FSTYPE /srv"), "and what it does is done to the machine")

    (unit, pid), = launcher(m)
    m.sh("kill -KILL %d" % pid)
    until(lambda: "is lost" in m.sh("journalctl -u clusterd -o cat"), "the daemon says that it is lost")
    p = m.run("clusterctl", "stop", "web")
    expect(p.returncode == 0 and said(m)[-1] == "stop", "scripts run all the same", p.out, said(m))
    m.sh("clusterctl start web")
    await_running(rack, 1)
    expect(limits(m, pid_of(m)) != machines, "within the limits of the unit, meanwhile")
    until(lambda: [u for u, _ in launcher(m) if u != unit], "systemd starts another one", 90, every=1)
    m.sh("rm /run/web.free; clusterctl restart web")
    await_running(rack, 1)
    expect(limits(m, pid_of(m)) == machines, "and scripts are free again")
    m.sh("systemctl stop clusterd")
    until(lambda: not launcher(m), "it ends with the daemon")


def test_frozen_whole_is_dead_before_others_start(c):
    """Guardian and engine both stand still: systemd's watchdog kills what ran there before a majority starts it elsewhere."""
    rack = cluster(c, 3, service_conf='ownership = "majority"\nfence_margin = 2\n')
    m = rack[1]
    process, daemon = pid_of(m), m.main_pid()
    m.sh("kill -STOP %d $(pgrep -P %d clusterd)" % (daemon, daemon))
    dead = until(lambda: m.run("kill", "-0", str(process)).returncode and time.time(), "the service is killed")
    until(lambda: "start" in said(rack[2]), "it is started elsewhere")
    started = float(rack[2].sh("head -1 /var/log/web.log").split()[0])
    expect(started > dead - 0.5, "after it was dead", started, dead)
    await_running(rack, 2)
    expect(m.main_pid() not in (0, daemon), "systemd has started the daemon again")


def test_hosts_that_are_a_credential(c):
    """The passphrases are on the disk encrypted; the unit is given them, and a push of other hosts is refused."""
    rack = cluster(c, 2)
    m = rack[1]
    m.sh("cd /etc/cluster && systemd-creds encrypt --with-key=host --name=cluster.hosts hosts cluster.hosts.cred && rm hosts")
    m.write("/etc/systemd/system/clusterd.service.d/hosts.conf",
            "[Service]\nLoadCredentialEncrypted=cluster.hosts:/etc/cluster/cluster.hosts.cred\n")
    process = pid_of(m)
    m.sh("systemctl daemon-reload && /usr/share/cluster/restart-in-place")
    await_running(rack, 1)
    expect(pid_of(m) == process, "the daemon was restarted, and nothing else")
    m.sh("clusterctl reload")
    rack[2].sh("echo 'max.example.com, more words' >> /etc/cluster/hosts")
    p = rack[2].run("clusterctl", "push", "config")
    expect(p.returncode and "cluster.hosts:1:" in p.out and "credential" in p.out, "it says why not", p.out)
    expect(len(status(rack[2])["hosts"]) == 2, "and nothing is changed")
    rack[2].write("/etc/cluster/hosts", rack.hosts_text(), 0o600)
    rack[2].sh("echo 'verbosity = 4' >> /etc/cluster/cluster.conf")
    rack[2].sh("clusterctl push config")
    expect("verbosity = 4" in m.sh("cat /etc/cluster/cluster.conf"), "all else is put in place")
    expect(m.run("ls", "/etc/cluster/hosts").returncode, "and the passphrases are not")
