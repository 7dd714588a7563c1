"""Routers between the public switch and private LANs: what they translate, what they answer, what befalls them."""
import shutil
import subprocess
import time

from basics import PORT, Segment, Skip

PORTS = {"preserve": "", "random": "random", "fully-random": "fully-random"}
UNASKED = {"drop": 'iifname "pub" ct state { new, invalid, untracked } drop', "rst": ""}
RULES = """
table ip translation {
  chain inwards { type nat hook prerouting priority -100; }
  chain outwards { type nat hook postrouting priority 100; oifname "pub" masquerade %(ports)s; }
}
table inet filter {
  chain input { type filter hook input priority 0; %(unasked)s; }
  chain forward { type filter hook forward priority 0;
    ct state invalid drop
    iifname "pub" ct state new ct status & dnat == 0 drop
  }
}
"""
NOWHERE = "02:de:ad:00:00:02"
NFT = shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin")


class Nat:
    """A kind of router.

    ports: "preserve" keeps the port of the host behind it where it is free, so that an address seen by one peer is good
        for another; "random" and "fully-random" choose one anew for each connection.
    unasked: what a dial from outside gets that nobody behind it asked for: "drop" is silence, "rst" a refusal.
    net: the LAN's, for routers that use the same one.
    """

    def __init__(self, ports="preserve", unasked="drop", net=None):
        self.ports, self.unasked, self.net = ports, unasked, net


class Router:
    def __init__(self, lab, place, name, nat):
        self.lab, self.name, self.nat = lab, name, nat
        self.ip = "%s%d" % (lab.public.net, 100 + place)
        net = nat.net or "192.168.%d." % place
        self.lan = Segment(net, "lan", gateway=net + "254")
        self.agent = None

    @property
    def port(self):
        return "r-" + self.name

    def boot(self):
        if not NFT:
            raise Skip("needs nft (package nftables)")
        self.agent = self.lan.agent = self.lab.agent("router-" + self.name, ["-n", "-m", "-u", "-p"])
        self.agent.bridge("lan")
        self.agent.ip("addr", "add", self.lan.gateway + "/24", "dev", "lan")
        self.lab.switch.ip("link", "add", self.port, "type", "veth", "peer", "name", "pub", "netns", str(self.agent.init))
        self.lab.switch.ip("link", "set", self.port, "master", "br0", "up")
        self.agent.ip("link", "set", "pub", "up")
        self.agent.ip("addr", "add", self.ip + "/24", "dev", "pub")
        self.agent.ip("route", "add", "blackhole", "default")  # private addresses of others: silence, as on the internet
        self.set("ip_forward", 1)
        self.become(self.nat)

    def set(self, name, value):
        self.agent.rpc("write", path="/proc/sys/net/%s%s" % ("ipv4/" if name.startswith("ip_") else "netfilter/", name),
                       text=str(value))

    def nft(self, text):
        p = subprocess.run(["nsenter", "-t", str(self.agent.init), "-n", NFT, "-f", "-"], input=text,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
        if p.returncode:
            raise Skip("this kernel cannot be a router: " + p.stdout.strip().splitlines()[0])

    def become(self, nat):
        """Another kind of router; it forgets every connection."""
        self.nat = nat
        self.nft("flush ruleset" + RULES % {"ports": PORTS[nat.ports], "unasked": UNASKED[nat.unasked]})
        self.forget()

    def forward(self, host, port=PORT):
        """A forward as one sets by hand: whoever dials the router's port gets this host's."""
        self.nft('add rule ip translation inwards iifname "pub" fib daddr type local tcp dport %d dnat to %s' % (port, host.ip))

    # ---- events
    def forget(self):
        return self.agent.rpc("forget")["t"]

    def restart(self, strict=False, away=0.3):
        """Away for a while, then back without a memory; a strict one then passes nothing but what begins anew."""
        self.set("nf_conntrack_tcp_loose", 0 if strict else 1)
        t = self.cut()
        time.sleep(away)
        self.forget()
        self.heal()
        return t

    def cut(self):
        """Silence between this router and the public; the carrier stays."""
        return self.lab.switch.rpc("unplug", port=self.port, bridge="br0")["t"]

    def heal(self):
        return self.lab.switch.rpc("plug", port=self.port, bridge="br0")["t"]

    def readdress(self, ip):
        """The provider gives another public address; what was translated to the old one is over."""
        t = time.time_ns()
        self.agent.ip("addr", "flush", "dev", "pub")
        self.agent.ip("addr", "add", ip + "/24", "dev", "pub")
        self.ip = ip
        self.forget()
        return t

    def part(self, other):
        """Nothing passes between these two; both still reach everybody else."""
        t = time.time_ns()
        for a, b in ((self, other), (other, self)):
            a.agent.ip("neigh", "replace", b.ip, "lladdr", NOWHERE, "dev", "pub", "nud", "permanent")
        return t

    def rejoin(self, other):
        t = time.time_ns()
        for a, b in ((self, other), (other, self)):
            a.agent.ip("neigh", "del", b.ip, "dev", "pub")
        return t
