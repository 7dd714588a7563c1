"""D-Bus: with and without a bus, who may do what, and the original's clusterhandler."""
import glob
import os
import subprocess
import time

import minibus
from lab import PYTHON, ROOT, HERE, Service, Skip, expect, until

NAME, PATH = "com.bammeson.cluster", "/com/bammeson/cluster"


def three(c, **kw):
    lab = c.lab("addr", "addr", "addr", services={"web": Service([1, 2, 3])}, **kw)
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    return lab


def error_of(call):
    try:
        call()
    except minibus.BusError as e:
        return e
    return None


def test_no_bus_at_all(c):
    lab = c.lab("addr", "addr", services={"web": Service([1, 2])})
    lab.acquaint()
    lab[1].up(bus="none")
    lab[2].up()
    until(lambda: (lab[2].host_view(1) or {}).get("state") == "up", "it links")
    until(lambda: lab.holders("web") == {1}, "and runs its service")
    lab[1].crash()
    lab.await_placed(web=2, which=[2])


def test_bus_that_is_not_there_yet(c):
    lab = c.lab("addr", "addr", services={"web": Service([1, 2])})
    lab.acquaint()
    lab[1].up(bus=lab[1].bus_address)
    lab[2].up()
    until(lambda: lab.holders("web") == {1}, "it works without")
    lab[1].bus_up()
    until(lab[1].status, "and registers when the bus is there", 40)


def test_bus_restart(c):
    lab = three(c)
    for _ in range(2):
        lab[1].bus_down()
        lab.expect_stable(0.5)
        lab[1].bus_up()
        until(lab[1].status, "it registers again", 40)
    expect(lab.linked(), "nobody noticed", lab.describe())
    lab[1].ctl("move", "web", "2")
    lab.await_placed(web=2)


def test_signals(c):
    lab = three(c)
    bus = lab[2].connect()
    bus.subscribe()
    lab[3].crash()
    seen = []

    def got(member, *args):
        seen.extend(bus.drain(0.01))
        return [m for m in seen if m.member == member and m.body[:len(args)] == list(args)]
    until(lambda: got("HostOffline", 3, lab[3].name), "HostOffline")
    lab[3].up()
    until(lambda: got("HostOnline", 3, lab[3].name), "HostOnline")
    lab[1].crash()
    until(lambda: got("ServiceChanged", "web", "running", 2), lambda: "ServiceChanged; %s" % [(m.member, m.body) for m in seen])
    until(lambda: got("PropertiesChanged"), "PropertiesChanged")


def test_refusals_are_named(c):
    lab = three(c)
    bus = lab[1].connect()
    for call, name in ((lambda: bus.manager("StopService", "s", "nosuch"), "UnknownService"),
                       (lambda: bus.manager("MoveService", "su", "web", 77), "UnknownHost"),
                       (lambda: bus.manager("SetStandby", "ub", 77, True), "UnknownHost"),
                       (lambda: bus.manager("Explain", "s", "nosuch"), "UnknownService"),
                       (lambda: bus.manager("PushService", "s", "nosuch"), "UnknownService"),
                       (lambda: bus.manager("PushFile", "s", "/x"), "UnknownFile"),
                       (lambda: bus.manager("FileLog", "s", "x"), "InvalidArgs"),
                       (lambda: bus.manager("FileLog", "s", "/x"), "UnknownFile"),
                       (lambda: bus.manager("FileRestore", "ss", "/x", "y"), "UnknownFile"),
                       (lambda: bus.manager("FilesConfirm", "s", "x"), "UnknownRoot"),
                       (lambda: bus.manager("FilesRevert", "s", "x"), "UnknownRoot"),
                       (lambda: bus.manager("Readmit", "u", 99), "UnknownHost"),
                       (lambda: bus.manager("Silence", "su", "nosuch", 60), "UnknownHost"),
                       (lambda: bus.manager("SetMaintenance", "ub", 9, True), "UnknownHost")):
        e = error_of(call)
        expect(e and e.name == "com.bammeson.cluster.Error." + name and e.text, "Error.%s with a sentence" % name, e)
    expect(error_of(lambda: bus.manager("NotifyStatus", "s", "rubbish")), "an unknown status is refused")
    lab.expect_stable(0.3)


def test_notify_status(c):
    lab = three(c)
    lab[1].connect().manager("NotifyStatus", "s", "standby")
    lab.await_placed(web=2)
    lab[1].connect().manager("NotifyStatus", "s", "online")
    lab.await_placed(web=1)


def test_dbus_send_reaches_it(c):
    lab = three(c)
    base = ["dbus-send", "--bus=" + lab[1].bus_address, "--print-reply", "--reply-timeout=20000", "--dest=" + NAME, PATH]
    m = NAME + ".Manager1."
    p = lab[1].run(*base, m + "GetStatus")
    expect(p.returncode == 0 and "web" in p.stdout, "GetStatus", p.out)
    p = lab[1].run(*base, m + "MoveService", "string:web", "uint32:2")
    expect(p.returncode == 0 and lab.holders("web") == {2}, "MoveService answers when it is done", p.out)
    p = lab[1].run(*base, m + "ClearService", "string:web")
    lab.await_placed(web=1)
    p = lab[1].run(*base, m + "StopService", "string:nosuch")
    expect(p.returncode != 0 and "Error.UnknownService" in p.out, "a refusal", p.out)
    p = lab[1].run(*base, m + "Events")
    expect(p.returncode == 0 and "web" in p.stdout, "Events", p.out)
    p = lab[1].run(*base, m + "Simulate", "string:1")
    expect(p.returncode == 0 and "web" in p.stdout, "Simulate", p.out)


def test_objects(c):
    lab = three(c)
    bus = lab[1].connect()
    r = bus.call(NAME, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    names = set(r[0])
    for p in ("/host/1", "/host/2", "/host/3", "/service/web"):
        expect(PATH + p in names, "object " + p, sorted(names))
    v = bus.call(NAME, PATH + "/host/2", "org.freedesktop.DBus.Properties", "GetAll", "s", NAME + ".Host1")[0]
    expect(v["State"] == "up" and v["Name"] == lab[2].name, "Host1", v)
    v = bus.call(NAME, PATH + "/service/web", "org.freedesktop.DBus.Properties", "GetAll", "s", NAME + ".Service1")[0]
    expect(v["State"] == "running" and v["Host"] == 1, "Service1", v)
    x = bus.call(NAME, PATH, "org.freedesktop.DBus.Introspectable", "Introspect")[0]
    expect("updateHandlerPID" in x and "GetStatus" in x, "introspection", x[:400])


HANDLER = """
import os, sys, time
sys.path.insert(0, %r)
sys.dont_write_bytecode = True
import minibus
bus = minibus.Connection(sys.argv[1])
if sys.argv[2] == "named":
    bus.bus("RequestName", "su", "com.bammeson.clusterhandler", 4)
print("accepted", bus.call("com.bammeson.cluster", "/com/bammeson/cluster", "com.bammeson.cluster", "updateHandlerPID", "i", os.getpid())[0], flush=True)
while True:
    for m in bus.drain(1):
        if m.kind == minibus.CALL:
            print(m.path, m.interface, m.member, *m.body, flush=True)
"""


def handler(c, kind):
    lab = three(c)
    path = os.path.join(lab.dir, "handler.py")
    with open(path, "w") as f:
        f.write(HANDLER % HERE)
    pid = lab[1].spawn([PYTHON, path, lab[1].bus_path, kind], "handler.log")["pid"]
    text = lambda: open(lab[1].dir + "/handler.log").read()  # noqa: E731
    until(lambda: "accepted True" in text(), lambda: "it is accepted: " + text())
    lab[3].crash()
    where = "/com/bammeson/clusterhandler com.bammeson.clusterhandler "
    until(lambda: where + "hostOffline " + lab[3].name in text(), lambda: "hostOffline is called: " + text())
    lab[3].up()
    until(lambda: where + "hostOnline " + lab[3].name in text(), lambda: "hostOnline is called: " + text())
    return lab, pid, text


def test_clusterhandler(c):
    lab, pid, text = handler(c, "named")
    lab[1].agent.rpc("kill", pid=pid, signal=9)
    until(lambda: lab[1].exit_of(pid) is not None, "it ends")
    time.sleep(0.2)
    lab[3].crash()
    until(lambda: lab[1].host_view(3)["state"] == "down", "the daemon does not mind")
    refused = lab[1].connect().call(NAME, PATH, NAME, "updateHandlerPID", "i", 99999)[0]
    expect(refused is False, "a process that is not there is not accepted")


def test_clusterhandler_without_a_name(c):
    handler(c, "nameless")


def test_policy(c):
    """The shipped policy on a bus like the system's: root does everything, group cluster reads."""
    files = [f for f in glob.glob(ROOT + "/dist/**/*.conf", recursive=True) if "busconfig" in open(f).read()]
    expect(files, "there is a policy in dist/")
    for tool in ("setpriv", "dbus-send"):
        if subprocess.run(["which", tool], stdout=subprocess.DEVNULL).returncode:
            raise Skip("needs " + tool)
    lab = c.lab("addr", services={"web": Service([1])})
    lab.build_network()
    lab[1].write_all()
    h = lab[1]
    # The policy speaks of the group by name; it exists in this host's view alone.
    group = os.path.join(lab.dir, "group")
    with open("/etc/group") as f, open(group, "w") as out:
        out.write("".join(l for l in f if not l.startswith("cluster:")) + "cluster:x:64123:\n")
    os.chmod(group, 0o644)
    h.run("mount", "--bind", group, "/etc/group")
    for d in (c.dir, lab.dir, h.dir):
        os.chmod(d, 0o755)
    h.bus_up(system=True, include=files[0])
    h.up()
    until(h.status, "root reads")

    def send(who, method, *args, name=NAME + ".Manager1", path=PATH):
        ids = {"root": [], "cluster": ["setpriv", "--reuid", "65534", "--regid", "65534", "--groups", "64123"],
               "nobody": ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]}[who]
        return h.run(*ids, "dbus-send", "--bus=" + h.bus_address, "--print-reply", "--reply-timeout=5000",
                     "--dest=" + NAME, path, name + "." + method, *args)

    def may(who, *call, **kw):
        p = send(who, *call, **kw)
        expect(p.returncode == 0 or "Error.NotYet" in p.out or "NotAble" in p.out, "%s may %s" % (who, call[0]), p.out)

    def may_not(who, *call, **kw):
        p = send(who, *call, **kw)
        expect(p.returncode and "AccessDenied" in p.out, "%s may not %s" % (who, call[0]), p.out)
    reads = [("GetStatus",), ("Explain", "string:web"), ("Simulate", "string:1"), ("Events",), ("Files",)]
    writes = [("StopService", "string:web"), ("StartService", "string:web"), ("RestartService", "string:web"),
              ("DisableService", "string:web"), ("EnableService", "string:web"), ("ClearService", "string:web"),
              ("MoveService", "string:web", "uint32:1"), ("SetStandby", "uint32:1", "boolean:false"),
              ("SetMaintenance", "uint32:1", "boolean:true"), ("Reload",), ("NotifyStatus", "string:online"),
              ("PushConfig",), ("PushService", "string:web"), ("PushFile", "string:/x"), ("Silence", "string:x", "uint32:1"),
              ("FileRestore", "string:/x", "string:y"), ("FilesConfirm", "string:x"), ("FilesRevert", "string:x"),
              ("Readmit", "uint32:1"), ("ReadmitSelf",)]
    until(lambda: lab.holders("web") == {1}, "web runs")
    for r in reads:
        may("root", *r)
        may("cluster", *r)
        may_not("nobody", *r)
    may("cluster", "Introspect", name="org.freedesktop.DBus.Introspectable")
    may("cluster", "GetManagedObjects", name="org.freedesktop.DBus.ObjectManager")
    n = len(lab.events())
    for w in writes:
        may_not("cluster", *w)
        may_not("nobody", *w)
    may_not("cluster", "updateHandlerPID", "int32:1", name=NAME)
    expect(len(lab.events()) == n, "nothing happened")
    for w in writes[:7]:
        may("root", *w)


def test_caller_that_vanishes(c):
    """Calls whose caller is gone before the answer do no harm."""
    lab = three(c)
    for _ in range(5):
        b = minibus.Connection(lab[1].bus_path)
        for m, sig, args in (("RestartService", "s", ("web",)), ("GetStatus", "", ())):
            b.send(minibus.CALL, {minibus.PATH: PATH, minibus.INTERFACE: NAME + ".Manager1", minibus.MEMBER: m,
                                  minibus.DESTINATION: NAME}, sig, args)
        b.close()
    time.sleep(0.5)
    lab.await_placed(web=1)
    expect(lab.linked(), "all goes on", lab.describe())
