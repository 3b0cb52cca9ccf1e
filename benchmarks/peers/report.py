"""What a run leaves behind: a CSV for each table and a picture of the sequences."""
import csv


def write_csv(path, rows):
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def draw(path, rows, peak, title):
    """GFLOP/s by hidden size: elman's lines full, the best peer's dashed, a panel for each cell and mode."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [r for r in rows if not r["odd"]]
    modes, cells = ([*dict.fromkeys(r[key] for r in rows)] for key in ("mode", "cell"))
    figure, panels = pyplot.subplots(len(modes), len(cells), figsize=(4 * len(cells), 3.2 * len(modes)), squeeze=False,
                                     sharex=True, sharey=True, layout="constrained")
    batches = sorted({r["batch"] for r in rows})
    for i, mode in enumerate(modes):
        for j, cell in enumerate(cells):
            panel = panels[i][j]
            panel.set_title(f"{cell} {mode}", fontsize=10)
            panel.axhline(peak, color="0.6", linewidth=1)
            for k, batch in enumerate(batches):
                line = [r for r in rows if (r["mode"], r["cell"], r["batch"]) == (mode, cell, batch)]
                hidden = [r["hidden_size"] for r in line]
                panel.plot(hidden, [r["elman gflops"] for r in line], f"C{k}-o", markersize=3, label=f"batch {batch}")
                panel.plot(hidden, [r[r["best_peer"] + " gflops"] for r in line], f"C{k}--", linewidth=1)
            panel.set_xscale("log", base=2)
            panel.set_ylim(bottom=0)
    panels[0][0].legend(fontsize=8)
    figure.supxlabel("hidden size")
    figure.supylabel("GFLOP/s; dashed: the best peer; grey: the machine's peak")
    figure.suptitle(title, fontsize=9)
    figure.savefig(path)
