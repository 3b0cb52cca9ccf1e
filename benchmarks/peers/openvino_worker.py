"""OpenVINO: the ONNX model with static shapes, compiled for latency in float32."""
import io

import openvino

from onnx_models import layer_model
from worker import serve


def prepare(job):
    core = openvino.Core()
    model = core.read_model(io.BytesIO(layer_model(job)))
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": job["threads"],
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",  # some processors would be given bfloat16
    })
    request = compiled.create_infer_request()
    request.input_tensors[0].data[:] = 0.5
    return request.infer


if __name__ == "__main__":
    serve("OpenVINO", openvino.__version__.split("-")[0], prepare)
