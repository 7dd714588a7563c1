"""Services that OCF resource agents run, Debian's own, and such that are units of systemd's, which standin.py plays."""
import os

from lab import HERE, PYTHON, ROOT, Service, Skip, expect, until

AGENTS = "/usr/lib/ocf/resource.d/heartbeat"
UNPACKED = os.path.join(ROOT, "build", "tools", "usr")
VIP = "10.77.0.200"


def with_agents(c, *specs, parameters, agent="heartbeat:IPaddr2"):
    """Hosts that have the agents, and a service `vip` that one of them runs."""
    unpacked = os.path.isdir(UNPACKED + AGENTS.removeprefix("/usr"))
    if not unpacked and not os.path.isdir(AGENTS):
        raise Skip("there are no OCF agents (`make DEPS=1 lab` unpacks Debian's resource-agents)")
    listed = ", ".join('"%s"' % p for p in parameters)
    lab = c.lab(*specs, services={"vip": Service(
        [1, 2], scripts=False, conf='ocf = "%s"\nparameters = { %s }\nstatus_interval = 500ms\nmax_failures = 1\n' % (agent, listed))})
    lab.ready()
    for h in lab:
        if unpacked:
            h.run("mount", "-t", "overlay", "-o", "lowerdir=%s:/usr" % UNPACKED, "overlay", "/usr")
        h.run("mount", "-t", "tmpfs", "tmpfs", "/run")
    return lab


def has_address(h):
    return VIP + "/" in h.run("ip", "-4", "addr", "show", "dev", "eth0").stdout


def runs_on(lab, host):
    return [h.i for h in lab if h.pid and has_address(h)] == [host] and all(
        h.service_view("vip")["running_on"] == [host] for h in lab if h.pid)


def test_an_address_moves(c):
    """Debian's IPaddr2: started, checked, missed and put back, moved, taken over."""
    lab = with_agents(c, "addr", "addr", parameters=["ip=" + VIP, "cidr_netmask=24", "nic=eth0"])
    p = lab[1].run(lab.program("clusterd"), "--check-config", "--config-dir", lab[1].etc, "--id", "1")
    expect(p.returncode == 0, "the configuration is taken", p.out)
    lab.up()
    lab.await_linked()
    until(lambda: runs_on(lab, 1), lambda: "host 1 has the address: " + lab.describe(), 30)
    lab[1].run("ip", "addr", "del", VIP + "/24", "dev", "eth0")
    until(lambda: runs_on(lab, 2), lambda: "it is missed, and host 2 has it: " + lab.describe(), 30)
    lab[1].ctl("clear", "vip")
    until(lambda: runs_on(lab, 1), lambda: "it goes home: " + lab.describe(), 30)
    lab[2].ctl("move", "vip", "2")
    until(lambda: runs_on(lab, 2), lambda: "it is moved: " + lab.describe(), 30)
    lab[2].crash()
    until(lambda: runs_on(lab, 1), lambda: "it is taken over: " + lab.describe(), 30)


def test_a_parameter_that_the_agent_does_not_have(c):
    """It does not start anywhere, and the log says what the agent has."""
    lab = with_agents(c, "addr", "addr", parameters=["ip=" + VIP, "nick=eth0"])
    lab.up()
    lab.await_linked()
    until(lambda: "has no parameter 'nick'; it has ip, nic," in lab[1].log_text(), lambda: "it is said: " + lab[1].log_text(), 30)
    until(lambda: lab[1].service_view("vip")["state"] == "failed", lambda: "and nobody runs it: " + lab.describe(), 30)
    expect(not any(has_address(h) for h in lab), "nobody has the address")


class Units:
    """Hosts whose systemd has the unit web.service, which is the service `web`."""

    def __init__(self, c, *specs):
        self.lab = c.lab(*specs, services={"web": Service(
            [1, 2], scripts=False, conf='systemd = "web.service"\nstatus_interval = 500ms\nmax_failures = 2\n')})
        self.lab.ready()
        for h in self.lab:
            h.bus_up()
            h.run("mount", "-t", "tmpfs", "tmpfs", "/run")
            h.run("mkdir", "-p", "/run/dbus")
            h.run("ln", "-s", h.bus_path, "/run/dbus/system_bus_socket")
            with open(os.path.join(h.dir, "mode"), "w") as f:
                f.write("refuses")  # of scopes
            self.set(h, "inactive")
            h.spawn([PYTHON, os.path.join(HERE, "standin.py"), h.bus_path, os.path.join(h.dir, "groups"), h.dir, "systemd"], "standin.log")
            until(lambda: os.path.exists(os.path.join(h.dir, "said")), "systemd is on the bus")
            h.up()
        self.lab.await_linked()

    def set(self, h, state, what=""):
        with open(os.path.join(h.dir, "unit-web.service" + what), "w") as f:
            f.write(state)

    def state(self, h):
        with open(os.path.join(h.dir, "unit-web.service")) as f:
            return f.read()

    def runs_on(self, host):
        views = [h.service_view("web") for h in self.lab]
        return [h.i for h in self.lab if self.state(h) == "active"] == [host] and all(
            v["running_on"] == [host] and v["state"] == "running" for v in views)


def test_a_unit_moves(c):
    """A unit is started, put back when it ends, moved, and left to another host where its start fails."""
    units = Units(c, "addr", "addr")
    lab = units.lab
    until(lambda: units.runs_on(1), lambda: "host 1 has it: " + lab.describe(), 30)
    units.set(lab[1], "inactive")
    until(lambda: units.runs_on(1), lambda: "it is put back: " + lab.describe(), 30)
    lab[1].ctl("move", "web", "2")
    until(lambda: units.runs_on(2), lambda: "it is moved: " + lab.describe(), 30)
    units.set(lab[1], "failed", ".end")
    units.set(lab[2], "failed")
    until(lambda: "web.service is failed" in lab[2].log_text(), lambda: "its end is said: " + lab[2].log_text(), 30)
    until(lambda: units.runs_on(2) or units.runs_on(1), lambda: "it runs again: " + lab.describe(), 30)


def test_a_unit_that_is_not_there(c):
    """What systemd does not know fails to start, with systemd's word for it, and goes to the next host."""
    units = Units(c, "addr", "addr")
    lab = units.lab
    until(lambda: units.runs_on(1), lambda: "host 1 has it: " + lab.describe(), 30)
    lab[1].ctl("stop", "web")
    expect(units.state(lab[1]) == "inactive", "it is stopped")
    os.unlink(os.path.join(lab[1].dir, "unit-web.service"))
    lab[1].ctl("start", "web")
    until(lambda: units.state(lab[2]) == "active" and lab[1].service_view("web")["running_on"] == [2],
          lambda: "host 2 has it: " + lab.describe(), 30)
    expect("web.service cannot be used: systemd says that it is not-found" in lab[1].log_text(), "and why", lab[1].log_text())
