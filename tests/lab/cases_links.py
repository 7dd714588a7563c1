"""Who is let in, and who is not."""
import os
import time

from lab import PORT, PYTHON, Service, expect, until

CAREFUL = 12  # at most so many dials in a few seconds are no busy loop


def cpu_ms(h):
    return sum(int(open(task + "/schedstat").read().split()[0]) for task in h.tasks()) / 1e6


def two_and_a_stranger(c, hosts_of_3):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2])})
    lab.ready()
    lab[3].write_hosts(hosts_of_3(lab))
    lab.sniff()
    lab.up()
    lab.await_linked(1, 2)
    lab.await_placed(web=1, which=[1, 2])
    return lab


def said(h, *words):
    return [l for l in h.log_text().splitlines() if all(w.lower() in l.lower() for w in words)]


def test_wrong_passphrase(c):
    lab = two_and_a_stranger(c, lambda l: l.hosts_text().replace(l[3].pass_phrase, "open barley 3"))
    for i in (1, 2):
        until(lambda: said(lab[i], lab[3].ip, "passphrase"), "host %d says who was refused, and why" % i)
    mark = time.time_ns()
    cpu = {i: cpu_ms(lab[i]) for i in (1, 2, 3)}
    time.sleep(4)
    for i in (1, 2):
        lines = said(lab[i], lab[3].ip, "passphrase")
        expect(len(lines) <= 2, "host %d says it once, not at every try" % i, *lines)
        expect(lab[i].host_view(3)["state"] == "down", "3 is not in")
        n = len(lab.dials(lab[3], lab[i], mark))
        expect(n <= CAREFUL, "host 3 keeps its peace; it dialled host %d %d times in 4 s" % (i, n))
    for i, before in cpu.items():
        used = cpu_ms(lab[i]) - before
        expect(used < 1500, "host %d used %.0f ms CPU in 4 s" % (i, used))
    expect(lab.linked(1, 2), "the others stay linked")
    lab[3].write_hosts()
    lab[3].reload()
    lab.await_linked(timeout=60)
    lab.expect_stable()


def test_wrong_passphrase_cured_by_restart(c):
    lab = two_and_a_stranger(c, lambda l: l.hosts_text().replace(l[3].pass_phrase, "open barley 3"))
    until(lambda: said(lab[1], lab[3].ip, "passphrase"), "it is refused")
    lab[3].kill()
    lab[3].write_hosts()
    lab[3].up()
    lab.await_linked(timeout=60)


def test_unknown_name(c):
    """A host whose name is on nobody else's list."""
    lab = two_and_a_stranger(
        c, lambda l: "%s %s\n%s %s\nmallory,%s\n" % (l[1].name, l[1].pass_phrase, l[2].name, l[2].pass_phrase,
                                                     l[3].pass_phrase))
    until(lambda: said(lab[1], lab[3].ip) or said(lab[1], "mallory"), "host 1 says that it refused somebody")
    mark = time.time_ns()
    time.sleep(3)
    expect(len(said(lab[1], lab[3].ip, "refus") + said(lab[1], "mallory")) <= 4, "not at every try",
           *said(lab[1], lab[3].ip))
    expect(len(lab.dials(lab[3], lab[1], mark)) <= CAREFUL, "it backs off", *lab.dials(lab[3], lab[1], mark))
    expect(lab[1].host_view(3)["state"] == "down" and lab.linked(1, 2), "the others do not care")
    lab[3].write_hosts()
    lab[3].reload()
    lab.await_linked(timeout=60)


RUBBISH = r"""
import os, socket, ssl, sys, time
to, kind = sys.argv[1], sys.argv[2]
def dial():
    s = socket.create_connection((to, 35790), 5)
    s.settimeout(8)
    return s
def drain(s):
    try:
        while s.recv(4096): pass
    except OSError: pass
if kind == "http":
    s = dial(); s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"); drain(s)
elif kind == "random":
    for n in (1, 5, 100, 100000):
        s = dial()
        try: s.sendall(os.urandom(n))
        except OSError: pass
        drain(s)
elif kind == "huge":
    s = dial()
    try:
        for _ in range(64): s.sendall(b"\x16\x03\x01\x40\x00" + os.urandom(16384))
    except OSError: pass
    drain(s)
elif kind == "half-open":
    held = [dial() for _ in range(6)]; time.sleep(7)
elif kind == "slow":
    s = dial()
    try:
        for b in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200): s.sendall(bytes([b])); time.sleep(0.05)
    except OSError: pass
elif kind == "closes":
    for _ in range(50): dial().close()
elif kind == "tls":
    x = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); x.check_hostname = False; x.verify_mode = ssl.CERT_NONE
    for payload in (b"", b"GET / HTTP/1.1\r\n\r\n", os.urandom(70000), b"\xff\xff\xff\xff" + bytes(100), b"\0\0\0\x05hello"):
        try:
            s = x.wrap_socket(dial()); s.sendall(payload); drain(s)
        except OSError: pass
"""


def test_rubbish_on_the_port(c):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2])})
    lab.up(1, 2)
    lab.await_linked(1, 2)
    lab.await_placed(web=1)
    path = os.path.join(lab.dir, "rubbish.py")
    with open(path, "w") as f:
        f.write(RUBBISH.replace("35790", str(PORT)))
    kinds = ("http", "random", "huge", "tls", "closes", "half-open", "slow")
    pids = [lab[3].spawn([PYTHON, path, lab[1].ip, k], "rubbish.log")["pid"] for k in kinds]
    until(lambda: all(lab[3].exit_of(p) is not None for p in pids), "the stranger is done", 60)
    lab.expect_stable(0.5)
    expect(lab.linked(1, 2), "the others stay linked", lab.describe())
    lines = said(lab[1], lab[3].ip)
    expect(lines, "it is said, with the address")
    expect(len(lines) <= 12, "but not for every connection", *lines)
    lab[3].up()
    lab.await_linked(timeout=30)


def test_half_open_strangers_are_closed(c):
    """Before authentication a connection may cost at most 5 s."""
    lab = c.lab("addr", "addr")
    lab.up(1)
    until(lab[1].status, "host 1 is up")
    r = lab[2].run(PYTHON, "-c", "import socket,time\ns=socket.create_connection(('%s',%d))\n"
                   "t=time.time()\ns.settimeout(20)\ns.recv(100)\nprint(time.time()-t)" % (lab[1].ip, PORT), timeout=40)
    expect(r.returncode == 0 and float(r.stdout) < 10, "a silent stranger is closed soon", r.out)


def test_nothing_but_tls13(c):
    lab = c.lab("addr", "addr")
    lab.up(1)
    until(lab[1].status, "host 1 is up")
    code = ("import socket,ssl\nx=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\nx.check_hostname=False\n"
            "x.verify_mode=ssl.CERT_NONE\nx.maximum_version=ssl.TLSVersion.TLSv1_2\n"
            "try:\n  s=x.wrap_socket(socket.create_connection(('%s',%d),5))\n  print('in',s.version())\n"
            "except (ssl.SSLError,OSError) as e: print('refused',e)") % (lab[1].ip, PORT)
    r = lab[2].run(PYTHON, "-c", code)
    expect("refused" in r.stdout, "TLS 1.2 is refused", r.out)


def test_restart_uses_what_is_cached(c):
    """The slow derivation from the passphrase is done once a line, and not at a restart."""
    lab = c.lab("addr", "addr", "addr")
    lab.up()
    lab.await_linked()
    lab[1].kill()
    lab[1].up()
    lab.await_linked()
    used = cpu_ms(lab[1])
    expect(used < (1500 if "sanitize" in lab.build else 150), "CPU until linked anew: %.0f ms" % used)
