"""The report in a browser: it draws, zooms, changes series, and fits a phone, light or dark, with scripts or without."""
import pathlib
import unittest

from browser import Browser
from tool import CO2, SMALL, ToolTest

HOSTILE = "</script><img src=x onerror=\"document.title='harmed'\">"
# Pixels of a chart that differ from the panel behind it, and those of the accent colour.
INKED = """
const canvas = document.querySelector(arguments[0] + " canvas");
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
probe.fillRect(0, 0, 1, 1);
const accent = probe.getImageData(0, 0, 1, 1).data;
let inked = 0, accented = 0, sum = 0;
for (let i = 0; i < data.length; i += 4) {
  if (data[i + 3] === 0) continue;
  ++inked;
  sum = (sum * 31 + data[i] + 256 * data[i + 1] + i) % 1000000007;
  accented += [0, 1, 2].every((k) => Math.abs(data[i + k] - accent[k]) < 12) && data[i + 3] > 200;
}
return { inked, accented, sum };
"""
CHARTS = ["#forecast", "#backtest", "#residuals", "#histogram", "#horizon", "#calibration", "#calendar", "#loss", "#rate", "#norm"]
SCALE = "const { min, max } = document.querySelector('#forecast .chart').chart.scales.x; return [min, max];"


class ReportPage(ToolTest):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        super().setUp()
        ids = [f"series {i}" for i in range(14)] + [HOSTILE]
        quoted = ",".join('"' + name.replace('"', '""') + '"' for name in ids)
        rows = [f"{t}," + ",".join(str(round(10 * i + t % 7 + t * i / 50, 2)) for i in range(15)) for t in range(120)]
        self.write("many.csv", "\n".join([f"time,{quoted}", *rows]))

    def open(self, *command, **how):
        """The page that a command writes, which complains of nothing and asks for nothing."""
        self.run_tool(*command, "--report", "r.html", "-q")
        self.browser.open("r.html", **how)
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.requests(), {pathlib.Path("r.html").resolve().as_uri()})

    def pixels(self, chart):
        return self.browser.run(INKED, chart)

    def overflow(self):
        return self.browser.run("return document.documentElement.scrollWidth - innerWidth")

    def shown(self, element):
        return self.browser.run("return getComputedStyle(document.querySelector(arguments[0])).display != 'none'", element)

    def drag(self, chart, start, end):
        """From one share of the chart's width to another."""
        box = self.browser.run("const r = document.querySelector(arguments[0] + ' .u-over').getBoundingClientRect();"
                               "scrollBy(0, r.top - 100); return [r.left, 100, r.width, r.height];", chart)
        at = {share: {"x": box[0] + share * box[2], "y": box[1] + box[3] / 2, "button": "left", "clickCount": 1}
              for share in (start, end)}
        mouse = lambda kind, place, **more: self.browser.command("Input.dispatchMouseEvent", {"type": kind, **place, **more})
        mouse("mouseMoved", at[start])
        mouse("mousePressed", at[start])
        mouse("mouseMoved", at[end], buttons=1)
        mouse("mouseReleased", at[end])
        self.browser.frames()
        return at[end], mouse

    def test_every_chart_of_a_backtest_is_drawn_light_and_dark(self):
        self.open("backtest", CO2, "--horizon", 6, "--windows", 4, *SMALL)
        light = {chart: self.pixels(chart) for chart in CHARTS}
        for chart, found in light.items():
            self.assertGreater(found["inked"], 800, chart)
            if chart not in ("#rate", "#norm"):
                self.assertGreater(found["accented"], 60, chart)
        looks = self.browser.run("return document.querySelector('#horizon .chart').chart.series.slice(1)"
                                 ".map((s) => JSON.stringify([s._stroke, s.dash]))")
        self.assertEqual(len(set(looks)), len(looks), "methods that look alike")
        background = "return getComputedStyle(document.body).backgroundColor"
        paper = self.browser.run(background)
        self.browser.prefer(dark=True)
        self.browser.frames()
        self.assertNotEqual(self.browser.run(background), paper)
        for chart, found in light.items():
            dark = self.pixels(chart)
            self.assertNotEqual(dark["sum"], found["sum"], chart)
            if chart not in ("#rate", "#norm"):
                self.assertGreater(dark["accented"], 60, chart)

    def test_drag_zooms_and_double_click_shows_everything(self):
        self.open("forecast", self.train(), CO2)
        self.assertFalse(self.shown("#backtest"))
        before = self.browser.run(SCALE)
        place, mouse = self.drag("#forecast", 0.3, 0.6)
        after = self.browser.run(SCALE)
        self.assertTrue(before[0] < after[0] < after[1] < before[1], (before, after))
        width = before[1] - before[0]
        self.assertAlmostEqual((after[0] - before[0]) / width, 0.3, delta=0.02)
        self.assertAlmostEqual((after[1] - before[0]) / width, 0.6, delta=0.02)
        for count in (1, 2):
            mouse("mousePressed", place, clickCount=count)
            mouse("mouseReleased", place, clickCount=count)
        self.browser.frames()
        everything = self.browser.run("const t = report.series[0].times; return [t[0], t.at(-1)]")
        self.assertEqual(self.browser.run(SCALE), everything)
        self.browser.run("document.querySelector('#forecast [data-range=recent]').click()")
        self.browser.frames()
        self.assertEqual(self.browser.run(SCALE), before)

    def test_another_series_is_another_picture_and_names_do_no_harm(self):
        self.open("backtest", "many.csv", "--horizon", 6, "--windows", 3, *SMALL)
        first = {chart: self.pixels(chart)["sum"] for chart in ["#forecast", "#backtest", "#residuals"]}
        for act, series in [("document.getElementById('next').click()", 1),
                            ("const s = document.getElementById('series'); s.value = '5'; s.dispatchEvent(new Event('change'))", 5),
                            ("const s = document.getElementById('search'); s.value = '</SCRIPT'; s.dispatchEvent(new Event('input'))", 14)]:
            self.browser.run(act)
            self.browser.frames()
            self.assertEqual(self.browser.run("return document.getElementById('series').value"), str(series))
            for chart, sum_before in first.items():
                self.assertNotEqual(self.pixels(chart)["sum"], sum_before, (chart, series))
        self.assertIn(HOSTILE, self.browser.run("return document.querySelector('#forecast .caption').textContent"))
        self.assertEqual(self.browser.run("return document.images.length"), 0)
        self.assertEqual(self.browser.run("return document.title"), "Backtest of many.csv")
        # Injected all the same, it could not run.
        self.browser.run("document.body.insertAdjacentHTML('beforeend', arguments[0])", HOSTILE)
        self.browser.frames()
        self.assertEqual(self.browser.run("return document.title"), "Backtest of many.csv")

    def test_the_least_there_can_be_is_drawn_without_complaint(self):
        flat = self.write("flat.csv", "time,y\n" + "".join(f"{t},{'' if t in (5, 38) else 3}\n" for t in range(40)))
        # Of two windows of one step one has no value.
        self.open("backtest", flat, "--horizon", 1, "--windows", 2, "--quantiles", "0.5", *SMALL)
        for chart in ["#forecast", "#backtest", "#histogram", "#calibration", "#loss"]:
            self.assertTrue(self.shown(chart), chart)
        hours = [f"2024-03-{1 + t // 24:02} {t % 24:02}:00,{t % 24}" for t in range(200)]
        self.open("backtest", self.write("hours.csv", "\n".join(["ds,y", *hours])), "--horizon", 1, "--windows", 30, *SMALL)
        self.assertGreater(self.pixels("#backtest")["accented"], 60)
        self.assertIn("2024-03-09 08:00", self.browser.run(
            "const u = document.querySelector('#forecast .chart').chart; u.setCursor({ left: u.over.clientWidth - 1, top: 5 });"
            "return u.root.querySelector('.cursor').textContent"))

    def test_it_fits_a_phone(self):
        for command in [["backtest", "many.csv", "--horizon", 6, "--windows", 3, *SMALL], ["forecast", self.train(), CO2]]:
            self.open(*command, width=390, height=844)
            self.assertEqual(self.browser.run("return innerWidth"), 390)
            self.assertLessEqual(self.overflow(), 0)
            self.assertGreater(self.pixels("#forecast")["accented"], 30)
            self.browser.open("r.html", width=390, height=844, scripts=False)
            self.assertLessEqual(self.overflow(), 0)

    def test_without_scripts_the_picture_shows(self):
        self.open("backtest", CO2, "--horizon", 6, "--windows", 4, *SMALL, scripts=False)
        box = self.browser.run("const r = document.querySelector('.picture svg').getBoundingClientRect();"
                               "return [r.width, r.height, document.querySelectorAll('.picture path').length]")
        self.assertGreater(box[0], 700)
        self.assertGreater(box[1], 300)
        self.assertGreaterEqual(box[2], 3)
        self.assertFalse(self.shown("#forecast"))
        self.assertTrue(self.shown(".methods"))
        self.browser.open("r.html")
        self.assertIsNone(self.browser.run("return document.querySelector('.picture svg')"))


if __name__ == "__main__":
    unittest.main()
