"""Reference values of a recurrent cell: tests/data/golden/<cell>.safetensors.

A file holds a few cases, each with sizes in the metadata and these tensors under the case's name:

    x [rows, input]                      the batch, packed by time: longest sequence first, no padding
    weight_ih_l0 ...                     parameters under PyTorch's names
    h_0 (and c_0) [layers, batch, hidden]  initial states; layers as in PyTorch, directions included
    y, h_n (and c_n)                     outputs and final states
    d_y, d_h_n (and d_c_n)               random: the loss is the sum of their products with y, h_n and c_n
    d_x, d_h_0 (and d_c_0), d_weight_ih_l0 ...   its gradients

Inputs are exact in float32; results are computed in float64 and rounded once, when they are stored.
"""

import json
import pathlib

import numpy
import torch
from safetensors.numpy import save_file
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "golden"
INPUT, HIDDEN = 2, 3
CASES = {
    "one_layer": {"num_layers": 1, "bidirectional": False, "lengths": [5, 5, 5, 5]},
    "two_layers": {"num_layers": 2, "bidirectional": False, "lengths": [5, 5, 5, 5]},
    "bidirectional": {"num_layers": 1, "bidirectional": True, "lengths": [4, 4]},
    "different_lengths": {"num_layers": 1, "bidirectional": True, "lengths": [5, 3, 3, 1]},
}


class StepRnn(torch.nn.Module):
    """A recurrent network from the equations of one step, with the interface of torch.nn.LSTM.

    step(x, states, p) returns the states after the step, the output first; p has the parameters of a layer as
    attributes, `vectors` naming those of size [hidden] beyond weights and biases. Each sequence runs on its own.
    """

    def __init__(self, step, gates, vectors, num_layers, bidirectional):
        super().__init__()
        self.step, self.names = step, ("weight_ih", "weight_hh", "bias_ih", "bias_hh", *vectors)
        self.directions = ("", "_reverse") if bidirectional else ("",)
        self.num_layers = num_layers
        rows = gates * HIDDEN
        for layer in range(num_layers):
            width = INPUT if layer == 0 else HIDDEN * len(self.directions)
            shapes = [(rows, width), (rows, HIDDEN), (rows,), (rows,)] + [(HIDDEN,)] * len(vectors)
            for direction in self.directions:
                for name, shape in zip(self.names, shapes):
                    self.register_parameter(f"{name}_l{layer}{direction}", torch.nn.Parameter(torch.zeros(shape)))

    def layer_parameters(self, suffix):
        values = {name: getattr(self, name + suffix) for name in self.names}
        return type("LayerParameters", (), values)

    def run_sequence(self, x, initial):
        """x [steps, input], initial [layers] of states [hidden] -> outputs [steps, ...] and final states."""
        finals = []
        for layer in range(self.num_layers):
            outputs = []
            for k, direction in enumerate(self.directions):
                p = self.layer_parameters(f"_l{layer}{direction}")
                states = initial[layer * len(self.directions) + k]
                hs = []
                for row in x.flip(0) if direction else x:
                    states = self.step(row, states, p)
                    hs.append(states[0])
                outputs.append(torch.stack(hs[::-1] if direction else hs))
                finals.append(states)
            x = torch.cat(outputs, dim=1)
        return x, finals

    def forward(self, packed, initial):
        padded, lengths = pad_packed_sequence(packed)
        initial = initial if isinstance(initial, tuple) else (initial,)
        outputs, finals = [], []
        for b, length in enumerate(lengths):
            start = [tuple(state[layer, b] for state in initial) for layer in range(initial[0].shape[0])]
            y, final = self.run_sequence(padded[:length, b], start)
            outputs.append(y)
            finals.append(final)
        final = tuple(
            torch.stack([torch.stack([sequence[layer][s] for sequence in finals]) for layer in range(len(finals[0]))])
            for s in range(len(initial)))
        return pack_sequence(outputs), final if len(final) > 1 else final[0]


def write(cell, states, make_module):
    """Writes the file of a cell; make_module(num_layers, bidirectional) returns a module like torch.nn.LSTM."""
    torch.use_deterministic_algorithms(True)
    random = numpy.random.Generator(numpy.random.PCG64(1990))
    tensors = {}
    for name, case in CASES.items():
        for key, value in run_case(case, states, make_module, random).items():
            tensors[f"{name}.{key}"] = value.detach().numpy().astype(numpy.float32)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{cell}.safetensors"
    description = {"input_size": INPUT, "hidden_size": HIDDEN, "cases": CASES}
    save_file(tensors, path, metadata={"golden": json.dumps(description)})
    print(f"{path.relative_to(FOLDER.parents[2])}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def run_case(case, states, make_module, random):
    def uniform(*shape):
        return torch.from_numpy(random.uniform(-1, 1, shape).astype(numpy.float32)).double()

    module = make_module(case["num_layers"], case["bidirectional"]).double()
    for parameter in module.parameters():
        parameter.data = uniform(*parameter.shape)
    lengths = case["lengths"]
    layers = case["num_layers"] * (2 if case["bidirectional"] else 1)
    padded = uniform(lengths[0], len(lengths), INPUT)
    x = pack_padded_sequence(padded, lengths)
    x.data.requires_grad_()
    initial = tuple(uniform(layers, len(lengths), HIDDEN).requires_grad_() for _ in states)

    y, final = module(x, initial if len(states) > 1 else initial[0])
    final = final if isinstance(final, tuple) else (final,)
    d_y, d_final = uniform(*y.data.shape), [uniform(*state.shape) for state in final]
    loss = (y.data * d_y).sum() + sum((state * d).sum() for state, d in zip(final, d_final))
    loss.backward()

    result = {"x": x.data, "d_x": x.data.grad, "y": y.data, "d_y": d_y}
    for name, first, last, d in zip(states, initial, final, d_final):
        result |= {f"{name}_0": first, f"d_{name}_0": first.grad, f"{name}_n": last, f"d_{name}_n": d}
    for name, parameter in module.named_parameters():
        result |= {name: parameter, f"d_{name}": parameter.grad}
    return result
