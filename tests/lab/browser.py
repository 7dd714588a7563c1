"""A headless Chromium inside a host, led by chromedriver (W3C WebDriver, and of DevTools what emulates a screen)."""
import base64
import json
import os
import shutil

from basics import PYTHON, Skip, expect, until

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
PORT = 9515
HOME = "/mnt"
CALL = """
import sys, urllib.request
method, url = sys.argv[1:3]
body = sys.stdin.buffer.read() or None
request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
try:
    print(urllib.request.urlopen(request, timeout=60).read().decode())
except urllib.error.HTTPError as e:
    sys.exit(e.read().decode())
except OSError as e:
    sys.exit(str(e))
"""


def call(host, method, url, body=None):
    """An HTTP request made inside that host: (whether it was answered with 2xx, what was answered)."""
    p = host.run(PYTHON, "-c", CALL, method, url, timeout=90, stdin="" if body is None else json.dumps(body))
    return p.returncode == 0, p.stdout if p.returncode == 0 else p.stderr


class Browser:
    def __init__(self, host):
        for program in (CHROMIUM, DRIVER):
            if not os.access(program, os.X_OK):
                raise Skip("%s is not there (packages chromium, chromium-driver)" % program)
        self.host = host
        p = host.run("mount", "-t", "tmpfs", "tmpfs", HOME)  # its sockets need short paths
        expect(p.returncode == 0, "a home for the browser", p.out)
        host.spawn([DRIVER, "--port=%d" % PORT], "chromedriver.log", env={"HOME": HOME, "TMPDIR": HOME})
        self.at = "http://127.0.0.1:%d" % PORT
        until(lambda: call(host, "GET", self.at + "/status")[0], "chromedriver listens", 60)
        session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"binary": CHROMIUM, "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--user-data-dir=" + HOME + "/profile", "--disable-background-networking", "--no-proxy-server"]}}}})
        self.at += "/session/" + session["sessionId"]

    def ask(self, method, path, body=None):
        ok, text = call(self.host, method, self.at + path, body)
        expect(ok, "chromedriver does %s %s" % (method, path), text)
        return json.loads(text)["value"]

    def close(self):
        self.ask("DELETE", "")

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *args):
        """What that JavaScript, the body of a function, returns."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(args)})

    def devtools(self, command, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screen(self, width, height, scheme, phone=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def complaints(self):
        """What the page has had written to the console."""
        return self.ask("POST", "/se/log", {"type": "browser"})

    def picture(self, path):
        """The whole page as PNG."""
        size = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                             clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))
        keep = os.environ.get("LAB_PICTURES")
        if keep:
            os.makedirs(keep, exist_ok=True)
            shutil.copy(path, keep)
