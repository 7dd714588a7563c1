"""More hosts than are all linked with each other, on one switch: each links with a few, and knows of all."""
import re
import time

from lab import Service, expect, until

HOSTS = 34     # two more than a full mesh has
LAPTOP = HOSTS  # without an address
BEAT, DEAD = 0.5, 3.0
MOST_LINKS = 14  # ten that its place asks for, and a few that others have asked for
FIRST_START = 300  # s: a dozen lines a host are put through scrypt, all on this machine
LOOK = 0.5  # s between two looks at what all say, which takes the processor from those who are asked


def seen(lab, who, up):
    """All that run say of these hosts, themselves apart, that they are up, or down."""
    for h in lab:
        if not h.pid:
            continue
        status = h.status()
        if not status or any((v["state"] == "up") != up for v in status["hosts"] if v["id"] in who and v["id"] != h.i):
            return False
    return True


def await_seen(lab, who, up, timeout=None):
    until(lambda: seen(lab, who, up), lambda: "hosts %s are %s\n    %s" % (who, "up" if up else "down", lab.describe()), timeout, LOOK)


def said_down(lab, i, since):
    """s from `since` until the last of all had logged it."""
    said = [re.findall(r"^\S+ (\d+):(\d+):([\d.]+) info: host %s is down$" % re.escape(lab[i].name), h.log_text(), re.M)
            for h in lab if h.i != i]
    begin = time.localtime(since)
    last = max(int(x[-1][0]) * 3600 + int(x[-1][1]) * 60 + float(x[-1][2]) for x in said if x)
    expect(all(said), "all log that host %d is down" % i)
    return (last - begin.tm_hour * 3600 - begin.tm_min * 60 - begin.tm_sec - since % 1) % 86400


def direct(h):
    return [v["id"] for v in h.status()["hosts"] if v["path"] == "direct" and v["id"] != h.i]


def test_few_links_and_all_are_known(c):
    """A kill is seen at once, a silence after the dead time, a service fails over, and a laptop comes and goes."""
    lab = c.lab(*["addr"] * (HOSTS - 1), "dyn:laptop", services={"web": Service([7, 30, 2])}, beat=BEAT, dead=DEAD)
    everybody = [h.i for h in lab]
    lab.acquaint(met=lambda: await_seen(lab, everybody, True, FIRST_START))
    t = time.monotonic()
    lab.up()
    await_seen(lab, everybody, True)
    print("all saw all %.2f s after the first of them was started" % (time.monotonic() - t))
    lab.await_placed(web=7)
    for h in lab:
        links = direct(h)
        expect(2 <= len(links) <= MOST_LINKS, "host %d has %d links" % (h.i, len(links)), links)
    expect(LAPTOP not in direct(lab[10]), "the laptop is known to who has no link with it", lab[10].host_view(LAPTOP))

    t = lab[20].kill() / 1e9
    await_seen(lab, [20], False)
    took = said_down(lab, 20, t)
    print("a kill was seen by all after %.2f s" % took)
    expect(took < DEAD, "a kill is seen before the dead time is over, for its address refuses", took)
    lab[20].up()
    await_seen(lab, [20], True)

    t = time.time_ns()
    lab[7].crash()
    lab.await_placed(web=30, which=[1, 8, 30, LAPTOP])
    begin = lab.events(t, host=30, script="start", phase="begin")[0]
    print("web began elsewhere after %.2f s" % ((begin.t - t) / 1e9))
    await_seen(lab, [7], False)

    lab[LAPTOP].unplug()
    await_seen(lab, [LAPTOP], False)
    lab[LAPTOP].plug()
    await_seen(lab, [LAPTOP], True)
