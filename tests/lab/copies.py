"""Services of which each copy is a process that writes the time again and again: from when to when each one lived.

A copy lives from the begin of its `start` to the last time that it wrote, however it ended. So also what dies without a
word is measured, and a machine too busy to write for a moment does not count as an outage.
"""
import os
import time

from basics import Service

PERIOD = 0.01  # s
ALIVE = 0.5    # s: who has written so lately lives

START = """exec {pause}<> <(:)
setsid bash -c 'while :; do printf "%%s\\n" "${EPOCHREALTIME/,/.}" >> "$0"; read -rt %g -u "$1"; done' \\
  "%s/$CLUSTER_SERVICE.$CLUSTER_HOST_ID.${EPOCHREALTIME/,/.}" "$pause" > /dev/null 2>&1 &
echo $! > "$marker.pid"
"""
STOP = """if [ -e "$marker.pid" ]; then
  pid=$(< "$marker.pid")
  kill -9 "$pid" 2> /dev/null
  while kill -0 "$pid" 2> /dev/null; do sleep 0.01; done
  rm -f "$marker.pid"
fi
"""
STATUS = """kill -0 "$(cat "$marker.pid" 2> /dev/null)" 2> /dev/null || exit 3
"""


def service(lives, preference, conf=""):
    """`lives`: the folder for what its copies write."""
    os.makedirs(lives, exist_ok=True)
    return Service(preference, status=STATUS, conf=conf, start=START % (PERIOD, lives), stop=STOP)


class Copy:
    def __init__(self, host, begin, end):
        self.host, self.begin, self.end = host, begin, end  # ns

    def __repr__(self):
        return "host %d from %.3f to %.3f" % (self.host, self.begin % 10**12 / 1e9, self.end % 10**12 / 1e9)


def copies(lives, service):
    """All there were, oldest first."""
    out = []
    for name in os.listdir(lives):
        of, host, begin = name.split(".", 2)
        if of != service:
            continue
        with open(os.path.join(lives, name), "rb") as f:
            f.seek(max(0, os.path.getsize(f.name) - 100))
            lines = f.read().split(b"\n")[:-1]
        ns = [int(x.replace(".", "")) * 1000 for x in (begin, lines[-1].decode() if lines else begin)]
        out.append(Copy(int(host), *ns))
    return sorted(out, key=lambda c: c.begin)


def living(lives, service):
    return {c.host for c in copies(lives, service) if time.time_ns() - c.end < ALIVE * 1e9}


def measure(lives, service, since, until):
    """Seconds without a copy, and with more than one."""
    changes = []
    for c in copies(lives, service):
        end = until if until - c.end < ALIVE * 1e9 else c.end
        if end > since:
            changes += [(max(c.begin, since), 1), (min(end, until), -1)]
    none = two = count = 0
    last = since
    for t, change in sorted(changes) + [(until, 0)]:
        none += t - last if count == 0 else 0
        two += t - last if count > 1 else 0
        count, last = count + change, t
    return none / 1e9, two / 1e9
