"""Checks an exported graph with ONNX's own checker and runs it in onnxruntime for Python, at each level of its
optimisations.

usage: check_onnx.py model.onnx values.json

values.json holds {"inputs": {name: tensor}, "outputs": {name: tensor}}, a tensor being {"type", "shape", "data"}.
Prints, as JSON, the largest relative difference ||actual - expected|| / ||expected|| of all
outputs at any level.
"""

import json
import sys

import numpy
import onnx
import onnxruntime

# tfjs's int32 is int64 in a graph
ELEMENT_TYPES = {"float32": numpy.float32, "int32": numpy.int64}

# 0, 1, 2 and 99
LEVELS = [
    onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
]


def to_array(tensor):
    values = numpy.array(tensor["data"], dtype=ELEMENT_TYPES[tensor["type"]])
    return values.reshape(tensor["shape"])


def main(model_path, values_path):
    onnx.checker.check_model(onnx.load(model_path), full_check=True)
    with open(values_path, encoding="utf-8") as file:
        values = json.load(file)
    names = list(values["outputs"])
    inputs = {name: to_array(tensor) for name, tensor in values["inputs"].items()}
    worst = 0.0
    for level in LEVELS:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        session = onnxruntime.InferenceSession(model_path, options, providers=["CPUExecutionProvider"])
        for name, actual in zip(names, session.run(names, inputs)):
            expected = to_array(values["outputs"][name])
            if actual.shape != expected.shape:
                raise SystemExit(f"{name} has shape {actual.shape}, expected {expected.shape}")
            scale = max(float(numpy.linalg.norm(expected)), 1e-12)
            worst = max(worst, float(numpy.linalg.norm(actual - expected)) / scale)
    print(json.dumps({"difference": worst, "onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__}))


if __name__ == "__main__":
    main(*sys.argv[1:])
