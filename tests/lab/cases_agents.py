"""Services that OCF resource agents run: Debian's own, in namespaces."""
import os

from lab import ROOT, Service, Skip, expect, until

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
        [1, 2], conf='ocf = "%s"\nparameters = { %s }\nstatus_interval = 500ms\nmax_failures = 1\n' % (agent, listed))})
    lab.ready()
    for h in lab:
        if unpacked:
            h.run("mount", "-t", "overlay", "-o", "lowerdir=%s:/usr" % UNPACKED, "overlay", "/usr")
        h.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        for name in ("start", "stop", "status"):
            if os.path.exists(os.path.join(h.etc, "services.d", "vip", name)):
                os.unlink(os.path.join(h.etc, "services.d", "vip", name))
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
