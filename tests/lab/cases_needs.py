"""Relations among services: after, with, and checks that are damped."""
import os
import signal
import time

from lab import Service, expect, until

# Long enough that an order which is not kept shows.
SLOW = "sleep 0.4"


def stack(db=(1, 2), web=(2, 1), mail=(1, 2)):
    return {"db": Service(db, start=SLOW, stop=SLOW),
            "web": Service(web, start=SLOW, stop=SLOW, conf="with = db\n"),
            "mail": Service(mail, conf="after = {\"web\"}\n")}


def at(lab, t, service, script, phase, host=None):
    found = lab.events(t, service=service, script=script, phase=phase, **({"host": host} if host else {}))
    expect(found, "%s of %s: %s" % (script, service, phase), *lab.events(t))
    return found[-1].t


def expect_order(lab, t, script, services, host):
    for before, then in zip(services, services[1:]):
        expect(at(lab, t, before, script, "end", host) <= at(lab, t, then, script, "begin", host),
               "%s of %s begins once that of %s has ended" % (script, then, before), *lab.events(t))


def test_start_and_hand_over_in_order(c):
    """Started in order, handed over by SIGTERM in order, and back again."""
    lab = c.lab("addr", "addr", services=stack())
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(db=1, web=1, mail=1)
    expect_order(lab, 0, "start", ["db", "web", "mail"], 1)
    view = lab[2].service_view("web")
    expect(view["with"] == "db" and "with which it runs" in view["reason"], "the status says with whom", view)
    expect(lab[2].service_view("mail")["after"] == ["web"], "and after whom")
    told = lab[2].ctl("simulate", "--lose", "1").out
    expect("web: moves from" in told and "db: moves from" in told, "simulate has the follower move along", told)
    t = time.time_ns()
    lab[1].signal(signal.SIGTERM)
    lab[1].wait_exit()
    lab.await_placed(db=2, web=2, mail=2, which=[2])
    expect_order(lab, t, "stop", ["mail", "web", "db"], 1)
    expect_order(lab, t, "start", ["db", "web", "mail"], 2)
    expect(at(lab, t, "db", "stop", "end", 1) <= at(lab, t, "db", "start", "begin", 2), "stopped there, then started")
    t = time.time_ns()
    lab[1].up()
    lab.await_linked()
    lab.await_placed(db=1, web=1, mail=1)
    expect(at(lab, t, "web", "stop", "end", 2) <= at(lab, t, "db", "stop", "begin", 2),
           "the follower stops before its leader", *lab.events(t))
    lab.expect_single()


def test_follower_of_a_leader_that_crashes(c):
    """The follower is started where its leader is now, and nowhere where it cannot be; explain says why."""
    lab = c.lab("addr", "addr", "addr", services=stack(db=(1, 2, 3), web=(2, 1), mail=(3,)))
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(db=1, web=1, mail=3)
    lab[1].crash()
    lab.await_placed(db=2, web=2, which=[2, 3])
    lab[2].crash()
    lab.await_placed(db=3, which=[3])
    until(lambda: "not on its line" in lab[3].ctl("explain", "web").out, "explain says why web runs nowhere")
    expect(not lab.events(host=3, service="web"), "host 3 has nothing to do with it", *lab.events())
    lab[1].up()
    lab.await_placed(db=1, web=1, which=[1, 3])
    lab.expect_single()


def test_flapping_status_is_damped(c):
    lab = c.lab("addr", "addr", services={"web": Service(
        [1, 2], status="[ -e $marker.sick ] && exit 1", only=[1], conf="status_interval = 0.5\nfall = 4\nmax_failures = 1\n")})
    lab.acquaint().up()
    lab.await_linked()
    lab.await_placed(web=1)
    sick = lab[1].run_dir + "/web.sick"
    t = time.time_ns()
    for _ in range(4):
        open(sick, "w").close()
        until(lambda: "of the 4 checks" in lab[2].service_view("web")["reason"], "the others hear of a failed check")
        os.unlink(sick)
        until(lambda: "of the 4 checks" not in lab[2].service_view("web")["reason"], "and that it is good again")
    expect(not lab.events(t, service="web"), "it goes on through all of that", *lab.events(t))
    open(sick, "w").close()
    lab.await_placed(web=2)
    lab.expect_single()
