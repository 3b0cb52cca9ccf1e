"""PyTorch trains the network of an elman model: torch_training.py DESCRIPTION.json DATA STEPS THREADS

DESCRIPTION.json is the output of `elman inspect MODEL --json`; DATA the series or the text. Prints {"ms"}, the mean
time of a step after two of warm-up: loader, forward, loss, backward, clipping, AdamW.
"""
import csv
import json
import pathlib
import sys
import time

import torch
from torch import nn

WARM_UP = 2
RNNS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN}


class Rnn(nn.Module):
    def __init__(self, c, width):
        super().__init__()
        self.rnn = RNNS[c["cell"]](width, c["hidden_size"], c["num_layers"],
                                   dropout=c["dropout"] if c["num_layers"] > 1 else 0)
        self.width, self.state = c["hidden_size"], None

    def forward(self, x):
        y, state = self.rnn(x, self.state)
        if self.state is not None:
            self.state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        return y

    def carry(self, batch):
        """From now on each call goes on from the state the last one left."""
        zeros = torch.zeros(self.rnn.num_layers, batch, self.width)
        self.state = (zeros, zeros) if isinstance(self.rnn, nn.LSTM) else zeros


class LastStep(nn.Module):
    def forward(self, x):
        return x[-1]


class Decode(nn.Module):
    """A reader of the past, then several steps at once: each a step of the cell from what the reader wrote as h, reading a
    learned vector of its place and what is known of it."""

    def __init__(self, c, width):
        super().__init__()
        self.reader, self.hidden_size = network_of(c["reader"], width)
        self.features = c["features"]
        self.rnn = RNNS[c["cell"]](c["position_size"] + self.features, self.hidden_size)
        self.position = nn.Parameter(torch.randn(c["steps"], 1, c["position_size"]))

    def forward(self, x):
        steps, batch = len(self.position), x.shape[1]
        h = self.reader(x[:-steps])
        known = torch.cat([self.position.expand(-1, batch, -1), x[-steps:, :, :self.features]], 2)
        known = known.reshape(1, steps * batch, -1)
        h = h.repeat(steps, 1).unsqueeze(0)
        y, _ = self.rnn(known, (h, torch.zeros_like(h)) if isinstance(self.rnn, nn.LSTM) else h)
        return y.view(steps, batch, -1)


class Rollout(nn.Module):
    """A reader of the past that goes on from its own forecasts: elman/network.h says what it reads."""

    def __init__(self, c, width):
        super().__init__()
        self.c = c
        self.reader, self.width = network_of(c["reader"], width - 1 + len(c["lags"]))

    def forward(self, x):
        c, past = self.c, len(x) - self.c["steps"]
        known, value = c["features"], c["value"]
        others = torch.cat([x[:, :, known:value], x[:, :, value + 1:]], 2)
        values, states, written = list(x[:past, :, value:value + 1]), {}, []
        for k in range(c["steps"]):
            times = range(past + k if k else max(c["lags"]), past + k + 1)
            rows = torch.stack([torch.cat([x[t, :, :known], others[t - 1], *(values[t - lag] for lag in c["lags"])], 1)
                                for t in times])
            for module in self.reader:
                if isinstance(module, Rnn):
                    rows, states[module] = module.rnn(rows, states.get(module))
                else:
                    rows = module(rows)
            written.append(rows[-1])
            fed = rows[-1][:, c["feedback"]:c["feedback"] + 1]
            values.append(nn.functional.softplus(fed) if c["positive"] else fed)
        return torch.stack(written)


class Crop(nn.Module):
    def __init__(self, c, width):
        super().__init__()
        self.first, self.last, self.features = c["first"], c["first"] + c["count"], c["features"] or width

    def forward(self, x):
        return x[self.first:self.last, :, :self.features]


class Flatten(nn.Module):
    def forward(self, x):
        return x.transpose(0, 1).flatten(1)


class Symbols(nn.Embedding):
    def forward(self, x):
        return super().forward(x.squeeze(-1).long())


class Sum(nn.ModuleList):
    def weigh(self, weights):
        self.weights = weights or [1] * len(self)

    def forward(self, x):
        return sum(weight * branch(x) for weight, branch in zip(self.weights, self))


def network_of(layers, width):
    """The modules of a list of layers and the features they write."""
    modules = []
    for c in layers:
        kind = c["kind"]
        if kind == "recurrent":
            modules.append(Rnn(c, width))
            width = c["hidden_size"]
        elif kind == "linear":
            modules.append(nn.Linear(width, c["output_size"]))
            width = c["output_size"]
        elif kind == "embedding":
            modules.append(Symbols(c["symbols"], c["output_size"]))
            width = c["output_size"]
        elif kind == "decode":
            modules.append(Decode(c, width))
            width = modules[-1].hidden_size
        elif kind == "rollout":
            modules.append(Rollout(c, width))
            width = modules[-1].width
        elif kind == "crop":
            modules.append(Crop(c, width))
            width = modules[-1].features
        elif kind == "flatten":
            modules.append(Flatten())
            width *= c["steps"]
        elif kind == "sum":
            branches = [network_of(branch, width) for branch in c["branches"]]
            modules.append(Sum(module for module, _ in branches))
            modules[-1].weigh(c["weights"])
            width = branches[0][1]
        else:
            modules.append({"last_step": LastStep, "dropout": lambda: nn.Dropout(c["rate"])}[kind]())
    return nn.Sequential(*modules), width


class Windows(torch.utils.data.Dataset):
    """Windows of a series, normalised, as an elman forecaster reads them: segments of the calendar (left at 0), values
    and their mask, then those of the future, of which the calendar alone is known."""

    def __init__(self, path, config, features):
        with open(path) as file:
            column = [row[-1] for row in csv.reader(file)][1:]
        values = [float(v) for v in column if v]
        self.values = torch.tensor(values)
        self.config, self.features = config, features
        self.past = config["look_back"] // config["segment"]
        self.steps = self.past + -(-config["horizon"] // config["segment"])

    def __len__(self):
        return len(self.values) - self.config["look_back"] - self.config["horizon"]

    def __getitem__(self, index):
        segment, origin = self.config["segment"], index + self.config["look_back"]
        past = self.values[index:origin]
        center, scale = past[-self.config["season"]:].mean(), (past - past.mean()).abs().mean()
        x = torch.zeros(self.steps, self.features)
        x[:self.past, -2 * segment:-segment] = ((past - center) / scale).view(self.past, segment)
        x[:self.past, -segment:] = 1
        return x, (self.values[origin:origin + self.config["horizon"]] - center) / scale


def window_batches(path, description):
    config = description["config"]
    data = Windows(path, config, description["network"]["input_size"])
    loader = torch.utils.data.DataLoader(data, config["batch_size"], shuffle=True, drop_last=True)
    while True:
        for x, y in loader:
            yield x.transpose(0, 1), y


def text_batches(path, description):
    config = description["config"]
    text = pathlib.Path(path).read_text()
    index = {c: i for i, c in enumerate(sorted(set(text)))}
    symbols = description["network"]["layers"][0]["symbols"]
    rows = torch.tensor([min(index[c], symbols - 1) for c in text], dtype=torch.float32)
    rows = rows[:len(rows) // config["batch_size"] * config["batch_size"]].view(config["batch_size"], -1).t()
    while True:
        for first in range(0, rows.shape[0] - config["bptt"] - 1, config["bptt"]):
            chunk = rows[first:first + config["bptt"] + 1]
            yield chunk[:-1].unsqueeze(-1), chunk[1:].long()


def pinball(levels):
    def loss(prediction, y):
        error = y.unsqueeze(-1) - prediction.view(*y.shape, len(levels))
        return torch.maximum(levels * error, (levels - 1) * error).mean()
    return loss


def cross_entropy(prediction, y):
    return nn.functional.cross_entropy(prediction.flatten(0, 1), y.flatten())


def main(description_path, data, steps, threads):
    torch.manual_seed(1)
    torch.set_num_threads(int(threads))
    description = json.loads(pathlib.Path(description_path).read_text())
    config = description["config"]
    net, _ = network_of(description["network"]["layers"], description["network"]["input_size"])
    forecast = description["task"] == "forecast"
    batches = (window_batches if forecast else text_batches)(data, description)
    loss = pinball(torch.tensor(config["quantiles"])) if forecast else cross_entropy
    if config.get("carry_state"):
        next(m for m in net if isinstance(m, Rnn)).carry(config["batch_size"])
    adam = torch.optim.AdamW(net.parameters(), lr=config["learning_rate"], weight_decay=config["weight_decay"])
    for step in range(int(steps) + WARM_UP):
        if step == WARM_UP:
            start = time.perf_counter()
        x, y = next(batches)
        adam.zero_grad()
        loss(net(x), y).backward()
        nn.utils.clip_grad_norm_(net.parameters(), config["clip_norm"])
        adam.step()
    print(json.dumps({"ms": (time.perf_counter() - start) / int(steps) * 1e3}))


if __name__ == "__main__":
    main(*sys.argv[1:])
