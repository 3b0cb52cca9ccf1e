"""One step of one stream: elman beside published figures of RTNeural, and beside peers that run here."""
import sequences
from grid import Point

HIDDEN = (8, 16, 20, 32, 40, 64, 128)
# Microseconds a step of RTNeural's best back end (Eigen, xsimd or STL, chosen for each size, sizes known at compile
# time), input 1 and a dense layer of one output behind; AMD EPYC Zen 3, AVX2, one thread. It is in no package registry,
# so these are constants: compare on a processor of that kind.
RTNEURAL = {"lstm": (.052, .109, .181, .252, .344, .896, 3.49), "gru": (.044, .080, .128, .181, .264, .641, 2.48)}


def measure(s):
    rows = []
    peers = [p for p in s.peers if "step" in p.modes]
    for cell in s.cells:
        names = "".join(f"{p.name:>14}" for p in [s.elman, *peers])
        print(f"\n{cell}, one step, microseconds, one thread\n{'hidden':>8}{names}{'RTNeural *':>14}{'ratio':>8}",
              flush=True)
        for index, hidden in enumerate(HIDDEN):
            point = Point(cell, "step", 1, hidden, output_size=1)
            times = sequences.alternate([s.elman, *peers], point, 1, s.rounds, s.seconds)
            rtneural = RTNEURAL[cell][index] if cell in RTNEURAL else None
            row = {"cell": cell, "hidden_size": hidden, **{f"{name} us": 1e3 * ms for name, ms in times.items()},
                   "RTNeural us": rtneural or "", "ratio": rtneural / (1e3 * times["elman"]) if rtneural else ""}
            rows.append(row)
            text = f"{hidden:>8}" + "".join(f"{1e3 * times[p.name]:>14.3f}" if p.name in times else f"{'–':>14}"
                                            for p in [s.elman, *peers])
            print(text + (f"{rtneural:>14.3f}{row['ratio']:>8.2f}" if rtneural else ""), flush=True)
    ratios = [r["ratio"] for r in rows if r["ratio"] != ""]
    print("* published figures of an AMD EPYC Zen 3, not measured here")
    worst = min(ratios, default=None)
    return rows, {"row": "streaming", "figure": round(sequences.geometric_mean(ratios), 3) if ratios else None,
                  "unit": "times RTNeural's best back end on an AMD EPYC Zen 3, geometric mean",
                  "worst": round(worst, 3) if worst else None}
