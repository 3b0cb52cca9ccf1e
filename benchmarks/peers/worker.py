"""The loop that a peer's worker runs: a job a line in, a result a line out, both JSON.

The first line out names the peer and its version. A job holds the fields of grid.Point, "threads" and "seconds"; its
result is {"ms_median", "ms_min", "repeats"} or {"error"}. A job that differs from the last one in its seconds alone
does not prepare anew.
"""
import json
import statistics
import sys
import time

LEAST_REPEATS = 2
WARM_UP = 0.2  # share of the time spent before the first timing counts
BURST = 2e-4   # seconds between two looks at the clock, at least


def timings(body, seconds):
    """Milliseconds of a call of `body`, as often as fits into `seconds`."""
    start = time.perf_counter()
    calls = 0
    while calls == 0 or time.perf_counter() - start < WARM_UP * seconds:
        body()
        calls += 1
    burst = max(1, round(BURST * calls / (time.perf_counter() - start)))
    all_ms = []
    while len(all_ms) < LEAST_REPEATS or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        for _ in range(burst):
            body()
        all_ms.append(1e3 * (time.perf_counter() - begin) / burst)
    return {"ms_median": statistics.median(all_ms), "ms_min": min(all_ms), "repeats": len(all_ms) * burst}


def serve(peer, version, prepare):
    """`prepare(job)` returns the function to time. What a library prints goes to standard error."""
    results, sys.stdout = sys.stdout, sys.stderr

    def answer(value):
        results.write(json.dumps(value) + "\n")
        results.flush()

    answer({"peer": peer, "version": version})
    prepared, body = None, None
    for line in sys.stdin:
        job = json.loads(line)
        seconds = job.pop("seconds")
        try:
            if job != prepared:
                body = prepare(job)
                prepared = job
            answer(timings(body, seconds))
        except Exception as error:  # a size that the peer cannot do must not end the run
            prepared = None
            answer({"error": f"{type(error).__name__}: {error}"})
