"""What is measured: the sizes, and how many operations each takes."""
import dataclasses

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1}
MODES = {"fwd": "forward", "fwdbwd": "forward and backward"}

# Hidden sizes by batch; the input is as wide.
GRID = {1: (32, 64, 128, 256, 512, 1024), 16: (32, 64, 128, 256, 512, 1024), 64: (64, 128, 256, 512, 1024)}
# Sizes that no kernel was made for, as (hidden, batch, input).
ODD = ((20, 3, 20), (20, 10, 1), (100, 3, 100), (100, 10, 20), (200, 3, 50), (200, 10, 200), (300, 3, 300),
       (300, 10, 64), (64, 16, 1), (128, 64, 16), (256, 16, 700))
QUICK = ((1, 64), (16, 128), (64, 256))
QUICK_ODD = ((100, 10, 20),)


@dataclasses.dataclass(frozen=True)
class Point:
    """One layer, one task: mode "fwd", "fwdbwd", or "step", a single step of one sequence that carries its state."""
    cell: str
    mode: str
    input_size: int
    hidden_size: int
    batch: int = 1
    steps: int = 1
    output_size: int = 0  # of a linear layer behind, steps only
    odd: bool = False

    @property
    def flops(self):
        """Two for each multiply-add of the gates' matrices; backward counts as two forwards."""
        row = 2 * GATES[self.cell] * self.hidden_size * (self.input_size + self.hidden_size)
        return row * self.batch * self.steps * (3 if self.mode == "fwdbwd" else 1)

    @property
    def job(self):
        return {k: v for k, v in dataclasses.asdict(self).items() if k != "odd"}

    def __str__(self):
        return (f"{self.cell} {self.mode} input {self.input_size} hidden {self.hidden_size} batch {self.batch} "
                f"steps {self.steps}")


def sequences(cell, mode, quick):
    """The points of one table. A sequence has 128 steps, 32 at the largest size."""
    def steps(hidden):
        return 32 if hidden >= 1024 else 128

    square = QUICK if quick else [(batch, hidden) for batch, sizes in GRID.items() for hidden in sizes]
    points = [Point(cell, mode, hidden, hidden, batch, steps(hidden)) for batch, hidden in square]
    return points + [Point(cell, mode, inputs, hidden, batch, steps(hidden), odd=True)
                     for hidden, batch, inputs in (QUICK_ODD if quick else ODD)]


def bandwidth_limit_ms(point, threads, machine):
    """The least time of a forward pass: the input's product at the peak, and in every step the longer of the recurrent
    product at the peak and reading its weights from the cache that holds each thread's share of them."""
    peak = machine["gflops"]["all"] * 1e9
    recurrent = GATES[point.cell] * point.hidden_size**2  # weights
    levels = machine["read_gbps"]
    level = next((name for name, v in levels.items() if 4 * recurrent / threads <= v["bytes"]), list(levels)[-1])
    step = max(2 * recurrent * point.batch / peak, 4 * recurrent / (levels[level]["all"] * 1e9))
    inputs = 2 * GATES[point.cell] * point.hidden_size * point.input_size * point.batch * point.steps / peak
    return 1e3 * (inputs + point.steps * step)
