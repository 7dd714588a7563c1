"""What status_listen serves, read by those it is for: Prometheus and a browser."""
import json
import os
import re
import shutil
import signal

from browser import Browser, call
from lab import ROOT, Service, Skip, expect, until

STATUS = "http://127.0.0.1:9580"
PROMETHEUS = "http://127.0.0.1:9090"
UNPACKED = os.path.join(ROOT, "build", "tools", "usr", "bin", "prometheus")
LEAST_CONTRAST = 4.5  # WCAG 2.1, level AA, for text
LEAST_LETTERS = 11  # CSS pixels from line to line

LETTERS = "return Math.min(...[...document.querySelectorAll('#picture text')].map((t) => t.getBoundingClientRect().height))"
# Of each element with text of its own: the text, its colour and the first colour behind it that hides what is below.
COLOURS = """
const out = [];
for (const e of document.querySelectorAll("header *, main *")) {
  if (e.closest("svg") || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
  let behind = e;
  while (behind && /rgba\\(.*, 0\\)/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  out.push([e.textContent.trim().slice(0, 40), getComputedStyle(e).color, getComputedStyle(behind).backgroundColor]);
}
return out;
"""


def watched(c):
    """Three hosts, services of both ownerships, a folder kept alike; host 1 serves its status."""
    lab = c.lab("addr:one", "addr:two", "dyn:three", services={
        "web": Service([3, 1, 2], status=""), "db": Service([1, 2, 3], conf='ownership = "majority"\nfailback = "immediate"\n')})
    lab[1].conf = 'status_listen = "%s"\n' % STATUS.removeprefix("http://")
    for host in lab:
        shared = os.path.join(host.dir, "shared")
        os.makedirs(shared)
        host.conf += 'sync shared { path = "%s" }\n' % shared
    lab.ready().acquaint().up()
    lab.await_placed(web=3, db=1)
    return lab


def prometheus():
    found = UNPACKED if os.access(UNPACKED, os.X_OK) else shutil.which("prometheus")
    if not found:
        raise Skip("prometheus is not there (`make DEPS=1 lab` unpacks Debian's)")
    return found


def test_prometheus_scrapes_it(c):
    """Debian's Prometheus takes the metrics as OpenMetrics, and tells of a crash and a failover from them."""
    program = prometheus()
    lab = watched(c)
    host = lab[1]
    config = os.path.join(host.dir, "prometheus.yml")
    with open(config, "w") as f:
        json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                   "scrape_configs": [{"job_name": "cluster", "static_configs": [
                       {"targets": [STATUS.removeprefix("http://")]}]}]}, f)
    host.spawn([program, "--config.file=" + config, "--storage.tsdb.path=" + os.path.join(host.dir, "tsdb"),
                "--web.listen-address=" + PROMETHEUS.removeprefix("http://"), "--log.level=warn"], "prometheus.log")

    def asked(path):
        ok, text = call(host, "GET", PROMETHEUS + path)
        return json.loads(text)["data"] if ok else None

    def values(query, *labels):
        data = asked("/api/v1/query?query=" + query.replace("{", "%7B").replace("}", "%7D").replace('"', "%22"))
        return {tuple(v["metric"][x] for x in labels): float(v["value"][1]) for v in data["result"]} if data else {}

    target = until(lambda: next((t for t in (asked("/api/v1/targets") or {}).get("activeTargets", [])
                                 if t["health"] != "unknown"), None), "Prometheus has scraped", 60)
    expect(target["health"] == "up", "it takes what it is given", target["lastError"])
    up = {("one",): 1, ("two",): 1, ("three",): 1}
    until(lambda: values("cluster_host_up", "name") == up, lambda: "all hosts up: %s" % values("cluster_host_up", "name"))
    kinds = asked("/api/v1/targets/metadata?limit=1000")
    told = {k["metric"]: k for k in kinds}
    expect(told["cluster_host_rtt_seconds"]["unit"] == "seconds" and all(k["help"] for k in kinds),
           "each with its type, unit and help", *kinds)
    until(lambda: values('cluster_service_running{service="web"}', "name") == {("one",): 0, ("two",): 0, ("three",): 1},
          "where a service runs")
    offsets = values("cluster_host_clock_offset_seconds", "name")
    expect(set(offsets) == {("two",), ("three",)} and all(abs(v) < 5 for v in offsets.values()), "the clocks of one machine", offsets)
    lab[3].crash()
    lab.await_placed(web=1, db=1)
    until(lambda: values("cluster_host_up", "name") == {**up, ("three",): 0}, "the crash is seen")
    until(lambda: values('cluster_service_starts_total{service="web"}', "reason") == {("failover",): 1},
          lambda: "the failover is counted: %s" % values('cluster_service_starts_total{service="web"}', "reason"))
    expect(values("up", "job") == {("cluster",): 1}, "it was scraped all the while")


def luminance(colour):
    parts = [int(x) / 255 for x in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_page_in_a_browser(c):
    """Live, whole on a phone, readable in light and dark, without outside resources and without complaints."""
    lab = watched(c)
    browser = Browser(lab[1])
    browser.open(STATUS + "/")

    def text(of):
        return browser.run("return document.querySelector(arguments[0]).textContent", of)

    def circles():
        return browser.run("return [...document.querySelectorAll('#picture g')].map("
                           "(g) => [g.querySelector('title').textContent, g.querySelector('circle').getAttribute('class')])")

    until(lambda: "3 of 3 hosts up, 2 of 2 services running" in text("#summary"), lambda: text("#summary"))
    expect(text("h1") == "Cluster, seen by one", text("h1"))
    expect(circles() == [["one: up", "node up self"], ["two: up", "node up"], ["three: up", "node up"]], "the hosts", circles())
    expect("webrunningon three" in text("#services") and "dbrunningon one" in text("#services"), text("#services"))
    expect(browser.run("return document.querySelectorAll('#picture line.link').length") == 3, "the links between them")

    for name, width, scheme, phone in (("phone-light", 360, "light", True), ("phone-dark", 360, "dark", True),
                                       ("desk-light", 1280, "light", False), ("desk-dark", 1280, "dark", False)):
        browser.screen(width, 800, scheme, phone)
        wide = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]")
        expect(wide[0] <= width and wide[1] == width, "%s: nothing is wider than the screen" % name, wide)
        pale = [(t, one, other, round(contrast(one, other), 1)) for t, one, other in browser.run(COLOURS)
                if contrast(one, other) < LEAST_CONTRAST]
        expect(not pale, "%s: every text can be read" % name, *pale)
        dark = luminance(browser.run("return getComputedStyle(document.body).backgroundColor")) < 0.2
        expect(dark == (scheme == "dark"), "%s: dark where that is asked for" % name)
        until(lambda: browser.run(LETTERS) >= LEAST_LETTERS, "%s: so can those of the picture" % name)
        browser.picture(os.path.join(c.dir, "page-%s.png" % name))

    lab[3].crash()
    until(lambda: ["three: down", "node down"] in circles(), lambda: "the crash is seen: %s" % circles())
    until(lambda: "webrunningon one" in text("#services"), lambda: "and the failover: " + text("#services"))
    expect("host three is down" in text("#events"), "and told", text("#events"))
    browser.screen(1280, 800, "light")
    browser.picture(os.path.join(c.dir, "page-host-down.png"))
    outside = browser.run("return performance.getEntriesByType('resource').map((r) => r.name)"
                          ".filter((name) => !name.startsWith(arguments[0]) && !name.startsWith('data:'))", STATUS)
    expect(not outside, "nothing from elsewhere", *outside)
    expect(not browser.complaints(), "the console is empty", *browser.complaints())
    lab[1].signal(signal.SIGTERM)
    lab[1].wait_exit()
    until(lambda: browser.run("return getComputedStyle(document.getElementById('stale')).display") == "block",
          "a page without a daemon says that it is old")
    browser.close()
