"""Files that a service writes (mode owner): they are where it runs, and nowhere is anything lost."""
import signal
import time

from cases_files import Kept
from lab import Service, expect, until

# The service writes as it starts and as it stops.
DATA = '"$(dirname "$0")/../../../data/log"'
SAYS = {"start": 'echo "start %s" >> ' % "$CLUSTER_TO" + DATA, "stop": 'echo "stop $CLUSTER_FROM" >> ' + DATA}


def owned(c, hosts=3, conf=""):
    line = list(range(1, hosts + 1))
    bed = Kept(c, ("addr",) * hosts, section="mode = owner service = db",
               services={"db": Service(line, conf=conf, start=SAYS["start"], stop=SAYS["stop"])})
    bed.lab.await_placed(db=1)
    return bed


def log(bed, i):
    return (bed.read(i, "log") or b"").decode().split("\n")[:-1]


def expect_kept(bed, i, name):
    """What was at that path and did not count is kept on host i."""
    told = bed.lab[i].ctl("files", "log", bed.path(i, name)).out
    expect("kept until it is confirmed" in told, "%s is kept on host %d" % (name, i), told)


def test_data_moves_with_its_service(c):
    """Each host goes on where the one before has stopped, with all that it wrote last."""
    bed = owned(c)
    before = log(bed, 1)
    for host in (2, 3, 1, 2):
        bed.lab[1].ctl("move", "db", str(host))
        bed.lab.await_placed(db=host)
    expect(before[-1] == "start 1", "it was on host 1", *before)
    want = before + ["stop 1", "start 2", "stop 2", "start 3", "stop 3", "start 1", "stop 1", "start 2"]
    expect(log(bed, 2) == want, "host 2 has all of it in order", *log(bed, 2))
    for i in (1, 3):
        until(lambda i=i: log(bed, i) == want, "host %d follows" % i)
    bed.alike()
    until(lambda: bed.root(1)["owner"] == 2, "status names the owner")


def test_what_a_follower_changes_is_undone_and_kept(c):
    bed = owned(c)
    bed.write(1, "rows", "by the service")
    bed.has(2, "rows", "by the service")
    bed.write(2, "rows", "by hand")
    bed.write(2, "stray", "by hand, too")
    bed.has(2, "rows", "by the service")
    until(lambda: bed.read(2, "stray") is None, "the stray is gone")
    expect(bed.read(1, "stray") is None, "and never got to the owner")
    expect_kept(bed, 2, "rows")
    bed.lab[2].ctl("files", "confirm", "data")
    refused = bed.lab[2].ctl("files", "confirm", "data", ok=False)
    expect(refused.returncode != 0, "nothing more is to be confirmed", refused.out)
    bed.alike()


def test_what_died_with_its_host_comes_back_as_a_kept_version(c):
    bed = owned(c)
    bed.write(1, "rows", "first")
    bed.all_have("rows", "first")
    bed.lab[1].unplug()
    bed.write(1, "rows", "nobody has this")
    bed.write(1, "new", "nor this")
    time.sleep(0.5)
    bed.lab[1].crash()
    bed.lab.await_placed(db=2, which=[2, 3])
    bed.write(2, "rows", "second")
    bed.has(3, "rows", "second")
    bed.lab[1].plug()
    bed.lab[1].up()
    bed.lab.await_linked()
    bed.lab.await_placed(db=1)
    bed.all_have("rows", "second")
    until(lambda: bed.read(1, "new") is None, "what the other never had is not in the data")
    expect_kept(bed, 1, "new")
    bed.alike()


def test_engine_killed_below_a_service_that_goes_on(c):
    bed = owned(c)
    before = log(bed, 1)
    bed.lab[1].signal_engine(signal.SIGKILL)
    bed.write(1, "rows", "while no engine lived")
    bed.all_have("rows", "while no engine lived")
    bed.lab.await_placed(db=1)
    expect(log(bed, 1) == before, "it was not started again", *log(bed, 1))


def test_host_that_is_too_far_behind_does_not_start_it(c):
    bed = owned(c, hosts=2, conf="max_lag = 1\nfailure_window = 1h\n")
    bed.has(2, "log", bed.read(1, "log"))
    bed.lab[2].signal(signal.SIGTERM)
    bed.lab[2].wait_exit()
    bed.write(1, "rows", "while host 2 was away")
    time.sleep(2)
    bed.lab[1].crash()
    bed.lab[2].up()
    until(lambda: "behind those of the host that ran it last" in bed.lab[2].log_text(), "host 2 says why it does not")
    expect(bed.lab.holders("db") == set(), "and does not", *bed.lab.events())
    told = bed.lab[2].ctl("explain", "db").out
    expect("failed" in told, "explain tells of it", told)
    bed.lab[1].up()
    bed.lab.await_linked()
    bed.lab.await_placed(db=1)
    bed.has(2, "rows", "while host 2 was away")


def test_both_sides_of_a_partition_write_and_one_counts(c):
    bed = owned(c, hosts=2)
    bed.lab.two_copies_allowed = True
    bed.write(1, "rows", "first")
    bed.all_have("rows", "first")
    bed.lab[2].unplug()
    until(lambda: bed.lab.holders("db") == {1, 2}, "each side runs it")
    bed.write(1, "rows", "left")
    bed.write(2, "rows", "right")
    bed.write(2, "right", "alone")
    time.sleep(0.5)
    bed.lab[2].plug()
    bed.lab.await_linked()
    bed.lab.await_placed(db=1)
    bed.all_have("rows", "left")
    until(lambda: bed.read(2, "right") is None, "the other side counts as a whole")
    expect_kept(bed, 2, "right")
    bed.alike()
