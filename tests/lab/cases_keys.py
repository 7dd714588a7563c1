"""Secrets that pairs replace, and the way back for a host that lost its state."""
import os
import shutil
import time

from lab import Service, expect, until

BUSY_SECONDS = 100
# Who is told what, and where the services are then: in the end as at the beginning.
ORDERS = [
    (5, ("move", "web", "3"), {"web": 3, "db": 2, "mail": 4}),
    (1, ("standby", "2"), {"web": 3, "db": 3, "mail": 4}),
    (3, ("disable", "mail"), {"web": 3, "db": 3, "mail": 0}),
    (2, ("online", "2"), {"web": 3, "mail": 0}),
    (4, ("enable", "mail"), {"web": 3, "mail": 4}),
    (2, ("clear", "web"), {"web": 1, "mail": 4}),
    (1, ("clear", "db"), {"web": 1, "db": 2, "mail": 4}),
]


def of_three(c, conf="", preference=(1, 2, 3)):
    lab = c.lab("addr", "addr", "addr", services={"web": Service(preference)})
    lab.conf = conf
    lab.ready()
    lab.up()
    lab.await_linked()
    lab.await_placed(web=1)
    return lab


def generations(lab, i):
    return {h["id"]: h["generation"] for h in lab[i].status()["hosts"] if h["id"] != i}


def rotated(lab, least):
    return all(g >= least for i in (1, 2, 3) for g in generations(lab, i).values())


def return_with(h, change):
    """Crashes the host, does that to its state, and starts it."""
    h.crash()
    change(h.state)
    h.up()


def test_secrets_are_replaced(c):
    """Every second for a while, with a service that moves meanwhile: no link ends, none is down."""
    lab = of_three(c, "rekey_interval = 1\n")
    until(lambda: rotated(lab, 2), "all pairs have begun to replace their secrets")
    sizes = {i: lab[i].log_size() for i in (1, 2, 3)}
    for host in (2, 3, 1):
        lab[1].ctl("move", "web", str(host))
    until(lambda: rotated(lab, 10), "ten generations", timeout=60)
    for i in (1, 2, 3):
        text = lab[i].log_text(sizes[i])
        expect("ended" not in text and "down" not in text, "host %d lost nothing" % i, text)
    expect(lab.copies("web")[1] == 0, "never two copies")


def test_three_hundred_rotations_under_load(c):
    """Ten pairs rotate each second on a busy machine while operators give orders: no link ends and none is made anew."""
    hosts = (1, 2, 3, 4, 5)
    services = {"web": Service(hosts), "db": Service((2, 3, 4, 5, 1)), "mail": Service((4, 5))}
    lab = c.lab(*["addr"] * len(hosts), services=services, dead=10)
    lab.conf = "rekey_interval = 1\n"
    lab.ready()
    lab.up()
    lab.await_linked(timeout=60)
    lab.await_placed(web=1, db=2, mail=4, timeout=60)

    def counts():
        """Of each pair, by its lower and its higher ID."""
        counted = {i: generations(lab, i) for i in hosts}
        return {(i, j): (counted[i][j], counted[j][i]) for i in hosts for j in hosts if i < j}

    def rotations():
        return {pair: min(ends) for pair, ends in counts().items()}

    until(lambda: min(rotations().values()) > 0, "all pairs have begun to replace their secrets", timeout=60)
    lab.switch.rpc("sniff")
    begin, sizes, first = time.time_ns(), {i: lab[i].log_size() for i in hosts}, rotations()
    # Ends at the latest with its host; a little nice, as other tests run beside this one.
    lab[1].spawn(["nice", "-n", "5", "timeout", str(BUSY_SECONDS), "sh", "-c", "while :; do :; done"])
    done = 0

    def so_many():
        return sum(rotations().values()) - sum(first.values())

    while so_many() < 300:
        expect(time.time_ns() - begin < BUSY_SECONDS * 10**9, "300 rotations; there were %d" % so_many(), rotations())
        for at, order, where in ORDERS:
            lab[at].ctl(*order)
            lab.await_placed(timeout=60, **where)
            done += 1
    now = rotations()
    expect(all(now[pair] > first[pair] for pair in now), "every pair has rotated", first, now)
    until(lambda: all(abs(a - b) <= 1 for a, b in counts().values()),
          lambda: "both ends count alike: %s" % counts(), timeout=60)
    for i in hosts:
        text = lab[i].log_text(sizes[i])
        expect("ended" not in text and "down" not in text and "replaced" not in text, "host %d lost nothing" % i, text)
    dials = [(a.i, b.i) for a in lab for b in lab if a is not b and lab.dials(a, b, begin)]
    expect(not dials, "nobody had to dial", dials)
    print("%d rotations and %d orders in %.0f s" % (so_many(), done, (time.time_ns() - begin) / 1e9))


def test_passphrases_open_nothing_once_replaced(c):
    """A host whose line got another passphrase later is let in all the same: pairs have secrets of their own."""
    lab = of_three(c)
    until(lambda: rotated(lab, 1), "all pairs have replaced the passphrases")
    lab[3].kill()
    lab[3].write_hosts(lab.hosts_text().replace(lab[3].pass_phrase, "another passphrase"))
    lab[3].up()
    lab.await_linked()


def test_lost_state(c):
    """It is refused with its new key, says so, and starts nothing; one word on one host lets it in everywhere."""
    lab = of_three(c)
    until(lambda: rotated(lab, 1), "all pairs have replaced the passphrases")
    lab.await_placed(web=1)
    return_with(lab[1], shutil.rmtree)
    lab.await_placed(web=2, which=[2, 3])
    until(lambda: "clusterctl readmit" in lab[2].log_text(), "host 2 names the way back")
    until(lambda: "clusterctl readmit" in lab[1].log_text(), "so does host 1 itself")
    time.sleep(2 * lab.dead)
    expect(lab[2].host_view(1)["state"] == "down", "it is not in")
    expect(lab.copies("web")[1] == 0, "it starts nothing of its own accord", *lab.events())
    lab[3].ctl("readmit", "1")
    lab.await_linked()
    lab.await_placed(web=1)
    until(lambda: rotated(lab, 1), "all pairs have secrets again")
    lab.expect_stable(1)


def test_old_backup(c):
    """A state from before some rotations: its secrets open nothing any more."""
    lab = of_three(c, "rekey_interval = 1\n", preference=(1, 2))
    until(lambda: rotated(lab, 1), "all pairs have replaced the passphrases")
    backup = os.path.join(lab[3].dir, "backup")
    lab[3].crash()
    shutil.copytree(lab[3].state, backup)
    lab[3].up()
    until(lambda: lab.linked() and rotated(lab, 6), "some generations later")

    def put_back(state):
        shutil.rmtree(state)
        shutil.copytree(backup, state)

    return_with(lab[3], put_back)
    until(lambda: lab[3].status(), "host 3 answers")
    time.sleep(2 * lab.dead)
    expect(not lab.linked(1, 3) and not lab.linked(2, 3), "nobody knows it")
    lab[3].ctl("readmit", "self")
    lab[1].ctl("readmit", "3")
    lab.await_linked()
    until(lambda: rotated(lab, 1), "all pairs have secrets again")


def test_readmit_is_refused_where_it_means_nothing(c):
    lab = of_three(c)
    p = lab[1].ctl("readmit", "1", ok=False)
    expect(p.returncode == 1 and "another" in p.out, "not on that host itself", p.out)
    p = lab[1].ctl("readmit", "9", ok=False)
    expect(p.returncode == 1 and "9" in p.out, "not for a host that there is not", p.out)
