"""--report: what is in the page that forecast and backtest write. report_page_test.py looks at it in a browser."""
import base64
import hashlib
import html.parser
import json
import pathlib
import re
import unittest

from tool import CO2, SMALL, ToolTest

HOSTILE = ["</script><img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "'&quot;{{data}}{{headline}}", "Ω \u2028 ü",
           "<!--<script>"]
BACKTEST = ["backtest", CO2, "--horizon", 6, "--windows", 4, *SMALL]


class Page(html.parser.HTMLParser):
    """The elements of a page: their attributes, and the text of scripts and styles."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.texts, self.raw = [], [], pathlib.Path(path).read_text()
        self.feed(self.raw)
        self.data = json.loads(self.text_of("script", id="data"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, text):
        self.texts.append((self.tags[-1] if self.tags else None, text))

    def text_of(self, tag, **attributes):
        return next(text for owner, text in self.texts if owner == (tag, attributes) or
                    (owner and owner[0] == tag and attributes.items() <= owner[1].items()))

    def seen(self):
        """All that is read as text."""
        return " ".join(text for owner, text in self.texts if owner and owner[0] not in ("script", "style"))


def wide(ids, steps=60):
    """A table of a time and a series each; its fields are quoted."""
    quoted = ['"' + name.replace('"', '""') + '"' for name in ids]
    rows = [f"{t}," + ",".join(str(10 + i % 7 + t % 5 + (t + i) % 3) for i in range(len(ids))) for t in range(steps)]
    return "\n".join(["time," + ",".join(quoted), *rows]) + "\n"


class Report(ToolTest):
    def check_is_alone(self, page):
        """One file that may load nothing, and whose scripts and styles are those that its policy names."""
        policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
        self.assertTrue(policy.startswith("default-src 'none';"), policy)
        self.assertNotIn("unsafe", policy)
        for tag in ["script", "style"]:
            bodies = re.findall(f"<{tag}>(.*?)</{tag}>", page.raw, re.DOTALL)
            named = re.findall(f"'(sha256-[^']*)'", re.search(f"{tag}-src([^;]*)", policy)[1])
            self.assertEqual(["sha256-" + base64.b64encode(hashlib.sha256(b.encode()).digest()).decode() for b in bodies],
                             named)
        loaders = {"src", "href", "srcset", "action", "data", "poster", "xlink:href", "style"}
        self.assertFalse([t for t in page.tags if loaders & set(t[1])])
        self.assertLessEqual({t for t, _ in page.tags if t in ("link", "img", "iframe", "object", "embed")}, set())
        addresses = set(re.findall(r"https?://[^\s\"'<>,)]*", page.raw))
        self.assertEqual(addresses, {"https://github.com/leeoniya/uPlot", "http://www.w3.org/2000/svg"})
        for text in ["MIT License", "Leon Sorokin"]:
            self.assertEqual(page.raw.count(text), 1)

    def test_a_forecast_holds_the_printed_numbers_and_no_backtest(self):
        model = self.train()
        printed = self.result("forecast", model, "--quantiles", "0.1,0.3,0.5,0.9", "--report", "r.html")
        self.assertEqual(printed["report"], "r.html")
        page = Page("r.html")
        self.check_is_alone(page)
        series = page.data["series"][0]
        self.assertEqual(series["median"], printed["forecasts"][0]["y_hat"])
        self.assertEqual(series["quantiles"], [printed["forecasts"][0][f"q{q}"] for q in [0.1, 0.3, 0.5, 0.9]])
        self.assertEqual(len(series["times"]), len(series["history"]) + 6)
        self.assertEqual(series["times"][-1], 1022889600)  # 2002-06-01
        self.assertNotIn("backtest", page.data)
        self.assertEqual(series["windows"], [])
        inspected = self.result("inspect", model)
        self.assertEqual(page.data["record"], inspected["record"])
        self.assertEqual(len(page.data["record"]["history"]), 2)
        for text in ["Forecast of co2.csv", "co2: ", "2002-06-01", "80 % between", "hidden_size", "instruction set", "fnv1a64:",
                     "seed", str(inspected["parameters"]), "co2.csv"]:
            self.assertIn(text, page.seen())

    def test_a_backtest_holds_the_printed_numbers_and_every_window(self):
        printed = self.result(*BACKTEST, "--report", "r.html", "-o", "e.csv")
        self.assertEqual((printed.pop("report"), printed.pop("output")), ("r.html", "e.csv"))
        page = Page("r.html")
        self.check_is_alone(page)
        self.assertEqual(page.data["backtest"], printed)
        self.assertIn(printed["verdict"], page.seen())
        series, levels = page.data["series"][0], page.data["shares"]["levels"]
        self.assertEqual(levels, [0.1, 0.5, 0.9])
        past = len(series["history"])
        self.assertEqual([w["at"] for w in series["windows"]], [past - 24, past - 18, past - 12, past - 6])
        pairs = [(series["history"][w["at"] + k], [q[k] for q in w["quantiles"]]) for w in series["windows"] for k in range(6)]
        self.assertAlmostEqual(sum(abs(y - q[1]) for y, q in pairs) / 24, printed["metrics"]["mae"], places=4)
        held = sum(q[0] <= y <= q[2] for y, q in pairs) / 24
        self.assertAlmostEqual(held, printed["metrics"]["coverage"]["0.8"])
        below = [sum(y <= q[k] for y, q in pairs) / 24 for k in range(3)]
        self.assertEqual((page.data["shares"]["observed"], page.data["shares"]["points"]), (below, 24))
        self.assertEqual(series["errors"]["elman"], printed["metrics"]["mase"])
        self.assertEqual(len(series["median"]), 6)
        for name in printed["methods"]:
            self.assertIn(name, page.seen())

    def test_a_backtest_of_a_model_or_of_many(self):
        model = self.train()
        self.run_tool("backtest", model, CO2, "--windows", 3, "--report", "r.html", "-q")
        self.assertIn("3 of 3 windows overlap", Page("r.html").seen())
        self.run_tool(*BACKTEST, "--retrain", "--report", "r.html", "-q")
        self.assertEqual(len(Page("r.html").data["series"][0]["windows"]), 4)

    def test_names_can_do_no_harm(self):
        data = self.write("wide.csv", wide(HOSTILE))
        for verb in [["forecast", self.train(data=data), data, "--series", HOSTILE[0]],
                     ["backtest", data, "--horizon", 6, "--windows", 2, *SMALL]]:
            self.run_tool(*verb, "--report", "r.html", "-q")
            page = Page("r.html")
            self.check_is_alone(page)
            self.assertEqual([s["id"] for s in page.data["series"]], HOSTILE)
            self.assertNotIn("onerror", page.text_of("h1"))
            self.assertTrue(all(ord(c) < 128 for c in page.text_of("script", id="data")))
            for text in ["<img", "<svg onload", "{{headline}}</h1>", "<!--<script"]:
                self.assertNotIn(text, page.raw)

    def test_much_data_is_cut_and_the_page_says_so(self):
        names = [f"s{i}" for i in range(502)]
        data = self.write("many.csv", wide(names, 30))
        model = self.train(data=data)
        self.run_tool("forecast", model, data, "--series", "s501", "--report", "r.html", "-q", "-o", "f.csv")
        page = Page("r.html")
        ids = [s["id"] for s in page.data["series"]]
        self.assertEqual((len(ids), ids[page.data["shown"]]), (500, "s501"))
        self.assertIn("500 of 502 series", page.seen())
        self.assertIn("6 steps ahead for 502 series", page.seen())

        long = self.write("long.csv", wide(["y"], 2600))
        printed = self.result("backtest", long, "--horizon", 6, "--windows", 2200, "--stride", 1, *SMALL, "--report", "r.html")
        page = Page("r.html")
        self.assertEqual(len(page.data["series"][0]["history"]), 2000)
        self.assertEqual(len(page.data["series"][0]["windows"]), 2000 // 6)
        self.assertEqual(page.data["series"][0]["windows"][-1]["at"], 1994)
        self.assertEqual(page.data["series"][0]["times"], {"from": 600, "step": 1, "count": 2006})
        self.assertEqual(page.data["shares"]["points"], 2200 * 6)
        self.assertEqual(page.data["backtest"]["windows"], printed["windows"])
        for text in ["newest 2000 values", "newest 333 of 2200 windows"]:
            self.assertIn(text, page.seen())

    def test_series_too_short_for_the_windows_keep_their_forecast(self):
        rows = [f"{t},{t % 5},{t % 7 if t > 52 else ''}" for t in range(60)]
        data = self.write("d.csv", "\n".join(["time,long,short"] + rows))
        self.run_tool("backtest", data, "--horizon", 4, "--windows", 3, *SMALL, "--report", "r.html", "-q")
        series = Page("r.html").data["series"]
        self.assertEqual([len(s["windows"]) for s in series], [3, 3 if len(series[1]["history"]) == 60 else 0])
        self.assertEqual([len(s["median"]) for s in series], [4, 4])

    def test_where_it_cannot_be_written(self):
        model = self.train()
        before = {p: p.read_bytes() for p in pathlib.Path().iterdir()}
        for path in ["none/r.html", "."]:
            self.refused(6, "forecast", model, "--report", path, says=path)
            self.refused(6, "backtest", CO2, "--horizon", 6, "--epochs", 100000, "--report", path, says=path)
        self.refused(2, "forecast", model, "--report", model, says="the input itself")
        self.refused(2, "backtest", model, CO2, "--report", CO2, says="the input itself")
        self.refused(2, "forecast", model, "-o", "x", "--report", "x", says=["--output and --report are both x"])
        self.refused(2, "forecast", model, "--plot", "x", "--report", "x", says=["--plot and --report are both x"])
        self.refused(2, *BACKTEST, "-o", "x", "--report", "x", says=["--output and --report are both x"])
        self.assertEqual({p: p.read_bytes() for p in pathlib.Path().iterdir()}, before)

    def test_the_same_page_from_the_same_model(self):
        model = self.train()
        pages = []
        for threads in [1, 2]:
            self.run_tool("backtest", model, CO2, "--windows", 3, "--report", "r.html", "-q", "--threads", threads)
            pages.append(pathlib.Path("r.html").read_text())
        self.assertEqual(*pages)


if __name__ == "__main__":
    unittest.main()
