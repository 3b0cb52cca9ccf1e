"""A page in a headless Chromium, offline: shared by the tests of pages and by tools/screenshots.py.

Debian's chromium, chromium-driver and python3-selenium; ./dev test installs them.
"""
import base64
import pathlib
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--hide-scrollbars", "--force-color-profile=srgb"]


class Browser:
    """One Chromium with a profile of its own; quit() ends it."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in [*FLAGS, f"--user-data-dir={self.profile.name}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(20)
        self.command = self.driver.execute_cdp_cmd

    def quit(self):
        self.driver.quit()
        self.profile.cleanup()

    def open(self, path, width=1280, height=900, dark=False, scripts=True):
        """Loads a file and waits until it has been drawn. Sizes are in CSS pixels."""
        self.command("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1,
                                                            "mobile": width < 600})
        self.command("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.prefer(dark)
        self.driver.get(pathlib.Path(path).resolve().as_uri())
        if scripts:
            self.frames()

    def prefer(self, dark):
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", {"features": [feature]})

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def frames(self):
        """Waits for two frames: what was asked for has then been drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));")

    def screenshot(self, path, whole=True):
        """A PNG of the window, or of the whole page."""
        size = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        beyond = {"clip": clip, "captureBeyondViewport": True} if whole else {}
        shot = self.command("Page.captureScreenshot", {"format": "png", **beyond})
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))
