"""ONNX Runtime: its CPU provider with I/O binding, so that no call copies its input or allocates its output."""
import numpy as np
import onnxruntime

from onnx_models import layer_model, state_names
from worker import serve


def session_of(job):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(layer_model(job), options, providers=["CPUExecutionProvider"])


def tensor(*shape):
    return onnxruntime.OrtValue.ortvalue_from_numpy(np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32))


def prepare(job):
    session = session_of(job)
    x = tensor(job["steps"], job["batch"], job["input_size"])
    states = state_names(job["cell"]) if job["mode"] == "step" else []
    here, there = ({s: tensor(1, job["batch"], job["hidden_size"]) for s in states} for _ in range(2))
    outputs = [o.name for o in session.get_outputs() if o.name[0] not in states]
    bindings = []
    for before, after in [(here, there), (there, here)]:  # a stream's state goes to and fro between two buffers
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", x)
        for s in states:
            binding.bind_ortvalue_input(s + "0", before[s])
            binding.bind_ortvalue_output(s + "1", after[s])
        for o in session.get_outputs():
            if o.name in outputs:
                binding.bind_ortvalue_output(o.name, tensor(*o.shape))
        bindings.append(binding)

    turn = 0

    def body():
        nonlocal turn
        session.run_with_iobinding(bindings[turn])
        turn = 1 - turn
    return body


if __name__ == "__main__":
    serve("ONNX Runtime", onnxruntime.__version__, prepare)
