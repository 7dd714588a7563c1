"""What hosts say of each other while a test goes on: asked again and again, beside it."""
import json
import threading
import time

import minibus

EVERY = 0.03  # s


class Seen:
    """From `t` on (ns) host `by` said this of host `of`."""

    def __init__(self, t, by, view):
        self.t, self.by, self.of = t, by, view["id"]
        self.state, self.path, self.via, self.address = (view[k] for k in ("state", "path", "via", "address"))

    def same(self, other):
        return other and (self.state, self.path, self.via, self.address) == (
            other.state, other.path, other.via, other.address)

    def __repr__(self):
        return "%.3f host %d sees %d %s %s%s at %s" % (
            self.t % 10**12 / 1e9, self.by, self.of, self.state, self.path, " via %s" % self.via if self.via else "",
            self.address or "no address")


class Watch:
    """Asks these hosts from now on; its threads end with stop(), or with the process."""

    def __init__(self, hosts, every=EVERY):
        self.every, self.ended = every, threading.Event()
        self.seen, self.last, self.lock = [], {}, threading.Lock()
        self.threads = [threading.Thread(target=self.ask, args=(h,), daemon=True) for h in hosts]
        for t in self.threads:
            t.start()

    def ask(self, h):
        conn = None
        while not self.ended.wait(self.every):
            t = time.time_ns()
            try:
                conn = conn or minibus.Connection(h.bus_path)
                status = json.loads(conn.manager("GetStatus", timeout=5)[0])
            except (minibus.Gone, minibus.BusError, OSError):
                if conn:
                    conn.close()
                conn = None
                continue
            with self.lock:
                for view in status["hosts"]:
                    s = Seen(t, h.i, view)
                    if not s.same(self.last.get((s.by, s.of))):
                        self.last[s.by, s.of] = s
                        self.seen.append(s)
        if conn:
            conn.close()

    def stop(self):
        self.ended.set()
        for t in self.threads:
            t.join(10)

    def between(self, by, of, since=0):
        with self.lock:
            return [s for s in self.seen if (s.by, s.of) == (by, of) and s.t >= since]

    def first(self, by, of, paths, since=0):
        """When `by` first reached `of` by one of these paths (ns), or None."""
        return next((s.t for s in self.between(by, of, since) if s.state == "up" and s.path in paths), None)

    def lapses(self, since=0, of=()):
        """Who was said to be down after having been up, with for how long (s)."""
        out, now = [], time.time_ns()
        with self.lock:
            pairs = {(s.by, s.of) for s in self.seen}
        for by, other in sorted(pairs):
            seen = self.between(by, other)
            for s, after in zip(seen, seen[1:] + [None]):
                end = after.t if after else now
                was_up = any(x.state == "up" and x.t < s.t for x in seen)
                if s.state != "up" and was_up and end >= since and (not of or other in of):
                    out.append(((end - max(s.t, since)) / 1e9, s))
        return out

    def story(self, since=0):
        with self.lock:
            return sorted((s for s in self.seen if s.t >= since), key=lambda s: s.t)
