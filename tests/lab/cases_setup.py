"""The first hour: a configuration written by clusterctl, and a host that is let in later, by what it prints."""
import os
import re

from lab import expect, until


def path_of_programs(h):
    """Where `clusterd` and `clusterctl` are found by name, with what stands for ssh and systemd."""
    folder = os.path.join(h.dir, "bin")
    os.makedirs(folder)
    for name in ("clusterd", "clusterctl"):
        os.symlink(h.lab.program(name), os.path.join(folder, name))
    # root@ADDRESS:PATH is the file of the host that has this address.
    h.write_script(os.path.join(folder, "scp"), "#!/bin/bash\n"
                   'shift\nto="${@: -1}"\nfor from in "${@:1:$#-1}"; do cp -p "${from#root@*:}" "$to" || exit 1; done\n')
    h.write_script(os.path.join(folder, "systemctl"), '#!/bin/bash\n[ "$*" = "enable --now clusterd" ] && : > %s/started\n' % h.dir)
    return {"PATH": folder + ":/usr/bin:/usr/sbin:/bin:/sbin", "DBUS_SYSTEM_BUS_ADDRESS": h.bus_address}


def test_init_then_invite(c):
    """Two hosts by init, a third by the very commands that invite prints; each is known by the number of its line."""
    lab = c.lab("addr", "addr", "addr").build_network()
    one, two, three = lab
    paths = {h.i: path_of_programs(h) for h in lab}

    def sh(h, command):
        p = h.run("bash", "-c", command, env=paths[h.i])
        expect(p.returncode == 0, "host %d: %s" % (h.i, command), p.out)
        return p.stdout

    os.rmdir(one.etc)
    said = sh(one, "clusterctl init --config-dir %s %s %s" % (one.etc, one.ip, two.ip))
    expect("host 1  %s  (this one)" % one.ip in said, "it knows which of them it is", said)
    with open(os.path.join(one.etc, "cluster.conf"), "a") as f:
        f.write("rekey_interval = 2h\n")
    for name in ("hosts", "services", "cluster.conf"):
        sh(two, "cp -p %s/%s %s" % (one.etc, name, two.etc))
    for h in (one, two):
        sh(h, "clusterd --check-config --config-dir " + h.etc)
        h.up(identify=False)
    lab.await_linked(1, 2)

    said = sh(one, "clusterctl invite --config-dir %s %s" % (one.etc, three.ip))
    add, join = (re.search(r"^%s .*" % word, said, re.M).group() for word in ("sed", "mkdir"))
    expect("Line 3 " in said, "the number of its line", said)
    report = sh(one, add)
    expect("%s: applied" % two.ip in report, "host 2 has the new file", report)
    # What the new host makes for itself is on a disk of its own.
    sh(three, re.sub("(?<= )" + re.escape(one.etc), three.etc, join))
    expect(os.path.exists(os.path.join(three.dir, "started")), "the unit is started")
    three.up(identify=False)
    lab.await_linked()
    expect([h["name"] for h in two.status()["hosts"]] == [one.ip, two.ip, three.ip], "by the order of the lines")

    def conf():
        with open(os.path.join(three.etc, "cluster.conf")) as f:
            return f.read()

    until(lambda: "rekey_interval = 2h" in conf(), lambda: "the new host has the settings that were pushed: " + conf())
