"""PyTorch: torch.nn's layers, forward under inference mode, backward by autograd with the gradient of x."""
import torch
from worker import serve

LAYERS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn_tanh": torch.nn.RNN}
CELLS = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell, "rnn_tanh": torch.nn.RNNCell}


def forward(job):
    layer = LAYERS[job["cell"]](job["input_size"], job["hidden_size"]).eval()
    x = torch.randn(job["steps"], job["batch"], job["input_size"])

    @torch.inference_mode()
    def body():
        layer(x)
    return body


def forward_backward(job):
    layer = LAYERS[job["cell"]](job["input_size"], job["hidden_size"])
    x = torch.randn(job["steps"], job["batch"], job["input_size"], requires_grad=True)
    upstream = torch.randn(job["steps"], job["batch"], job["hidden_size"])

    def body():
        x.grad = None
        layer.zero_grad(set_to_none=True)
        y, _ = layer(x)
        y.backward(upstream)
    return body


def step(job):
    cell = CELLS[job["cell"]](job["input_size"], job["hidden_size"]).eval()
    head = torch.nn.Linear(job["hidden_size"], job["output_size"]).eval() if job["output_size"] else torch.nn.Identity()
    x = torch.randn(1, job["input_size"])
    state = None

    @torch.inference_mode()
    def body():
        nonlocal state
        state = cell(x, state)
        head(state[0] if job["cell"] == "lstm" else state)
    return body


def prepare(job):
    torch.set_num_threads(job["threads"])
    return {"fwd": forward, "fwdbwd": forward_backward, "step": step}[job["mode"]](job)


if __name__ == "__main__":
    serve("PyTorch", torch.__version__, prepare)
