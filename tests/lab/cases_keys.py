"""Secrets that pairs replace, and the way back for a host that lost its state."""
import os
import shutil
import time

from lab import Service, expect, until


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
