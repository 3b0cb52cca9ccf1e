"""One recurrent layer as an ONNX model, for the engines that read those."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from grid import GATES

OPERATORS = {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN"}


def state_names(cell):
    return ["h", "c"] if cell == "lstm" else ["h"]


def layer_model(job):
    """Bytes of a model with static shapes. Inputs: x [steps, batch, input] and, for a step, the states h0, c0
    [1, 1, hidden]. Outputs: y [steps, 1, batch, hidden], or for a step the states h1, c1 and, with a linear layer
    behind, z."""
    random = np.random.default_rng(1)
    cell, hidden, inputs = job["cell"], job["hidden_size"], job["input_size"]
    rows, stepping = GATES[cell] * hidden, job["mode"] == "step"

    def constant(name, *shape):
        values = random.uniform(-1, 1, shape) / np.sqrt(hidden)
        return numpy_helper.from_array(values.astype(np.float32), name)

    def value(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    constants = [constant("w", 1, rows, inputs), constant("r", 1, rows, hidden), constant("b", 1, 2 * rows)]
    options = {"linear_before_reset": 1} if cell == "gru" else {}  # PyTorch's GRU
    given = [value("x", job["steps"], job["batch"], inputs)]
    states = state_names(cell)
    if stepping:
        reads = ["x", "w", "r", "b", "", *[s + "0" for s in states]]
        writes = ["", *[s + "1" for s in states]]
        given += [value(s + "0", 1, job["batch"], hidden) for s in states]
        results = [value(s + "1", 1, job["batch"], hidden) for s in states]
    else:
        reads, writes = ["x", "w", "r", "b"], ["y"]
        results = [value("y", job["steps"], 1, job["batch"], hidden)]
    nodes = [helper.make_node(OPERATORS[cell], reads, writes, hidden_size=hidden, **options)]
    if stepping and job["output_size"]:
        constants += [constant("head", hidden, job["output_size"])]
        nodes += [helper.make_node("MatMul", ["h1", "head"], ["z"])]
        results += [value("z", 1, job["batch"], job["output_size"])]
    graph = helper.make_graph(nodes, "layer", given, results, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()
