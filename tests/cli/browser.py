"""A page in a headless Chromium, driven through a pipe by the DevTools protocol: for the tests of pages and for
tools/screenshots.py. Needs Debian's chromium, which ./dev test installs, and nothing beyond the standard library.
"""
import base64
import collections
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe"]
HIGHEST = 16000  # pixels of a picture
SECONDS = 30  # no answer takes longer
TO_CHROMIUM, FROM_CHROMIUM = 3, 4  # the files of a debugging pipe, in the browser


class Browser:
    """One Chromium with a profile of its own; quit() ends it."""

    def __init__(self):
        program = shutil.which("chromium")
        if program is None:
            raise RuntimeError("no chromium on this machine: apt-get install chromium, or let ./dev test do it")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        read_theirs, self.output = self.pipe()
        self.input, write_theirs = self.pipe()

        def connect():
            os.dup2(read_theirs, TO_CHROMIUM)
            os.dup2(write_theirs, FROM_CHROMIUM)

        self.process = subprocess.Popen([program, *FLAGS, f"--user-data-dir={self.profile.name}", "about:blank"],
                                        close_fds=False, preexec_fn=connect, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read_theirs)
        os.close(write_theirs)
        self.rest, self.count, self.session = b"", 0, {}
        self.events = collections.deque()
        page = self.command("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = {"sessionId": self.command("Target.attachToTarget", {"targetId": page, "flatten": True})["sessionId"]}
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.command(f"{domain}.enable")

    @staticmethod
    def pipe():
        """Above the two numbers that the browser wants for itself."""
        ends = os.pipe()
        high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 16) for end in ends)
        for end in ends:
            os.close(end)
        return high

    def quit(self):
        self.session = {}
        self.command("Browser.close")
        self.process.wait(SECONDS)
        os.close(self.input)
        os.close(self.output)
        self.profile.cleanup()

    def command(self, method, parameters=None):
        """What the browser answers; events that come before are kept."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters or {}, **self.session}
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") != self.count:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def receive(self):
        end = time.monotonic() + SECONDS
        while b"\0" not in self.rest:
            if not select.select([self.input], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"chromium said nothing for {SECONDS} seconds")
            chunk = os.read(self.input, 1 << 16)
            if not chunk:
                raise RuntimeError(f"chromium has gone, with {self.process.wait(SECONDS)}")
            self.rest += chunk
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def open(self, path, width=1280, height=900, dark=False, scripts=True):
        """Loads a file and waits until it has been drawn. Sizes are in CSS pixels. `events` is then of this page."""
        self.command("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1,
                                                            "mobile": width < 600})
        self.command("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.prefer(dark)
        self.events.clear()
        self.command("Page.navigate", {"url": pathlib.Path(path).resolve().as_uri()})
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self.receive())
        if scripts:
            self.frames()

    def prefer(self, dark):
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", {"features": [feature]})

    def run(self, body, *arguments):
        """What a function of that body returns for these arguments."""
        call = f"(function() {{ {body} }})(...{json.dumps(arguments)})"
        answer = self.command("Runtime.evaluate", {"expression": call, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{body}: {answer['exceptionDetails']['exception'].get('description')}")
        return answer["result"].get("value")

    def frames(self):
        """Waits for two frames: what was asked for has then been drawn."""
        self.run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")

    def complaints(self):
        """Errors, warnings and prints of the page since it was opened."""
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [e["params"] for e in self.events if e.get("method") in kinds]

    def requests(self):
        """Every address that was asked for since then."""
        return {e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"}

    def screenshot(self, path, most=HIGHEST):
        """The page as a PNG, at most so many pixels of its height."""
        size = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], most), "scale": 1}
        shot = self.command("Page.captureScreenshot", {"format": "png", "clip": clip, "captureBeyondViewport": True})
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))
